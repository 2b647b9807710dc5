"""Puts Firehose's failed records back into the stream: judged anew, repaired by rules, each of them once."""
