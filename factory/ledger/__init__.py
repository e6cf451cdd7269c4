"""What stacks remember: the state as a ledger, records of versions, catalogues, recovered files.

Reads strictly and believes nothing by halves; the state is the only memory there is.
May not know Azure: what stands there is the observer's to say.
"""
