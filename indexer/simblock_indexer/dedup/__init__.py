"""Near-copies of training data found and capped, protected content taken out.

Five verbs, each a stage that runs on units of its own: *sign* reads parts of the inputs and makes runs, sketches
and band keys; *join* finds candidates that share a key; *cluster* puts candidates that hang together into units;
*verify* compares each candidate with the document that is kept, exactly; *write* writes what is kept, and why the
rest is not. What a stage made lies in files of a working folder, each made whole or not at all: so a pass goes on
after a kill, and any scheduler may run the units, anywhere that sees the folder, with the same bytes as outcome.
"""
