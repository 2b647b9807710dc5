"""Takes clicks over HTTP and puts them to the delivery stream."""
