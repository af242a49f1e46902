import sys

sys.exit("no GPU, nothing to do")
