raise RuntimeError("the database of this module is not there")
