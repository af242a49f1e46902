"""The backward slice of a model: what an abstract run did that the model depends on, as a program."""
