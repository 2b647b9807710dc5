"""The run as AWS clients see it: the AWS JSON protocol over the services of this process."""
