"""A training authority that speaks the reporting contract, strictly.

Staff practise on it, the demo runs on it, and it is the contract's reference server: it accepts nothing that the
contract does not allow. It listens on the loopback interface alone and keeps no personal data on disk.
"""
