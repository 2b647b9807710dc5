"""Amazon Data Firehose: source -> buffer -> transform Lambda -> destination, each record once."""
