"""Templates in the notation of the Kinesis Data Generator: text with `{{expressions}}` of faker.js in it."""
