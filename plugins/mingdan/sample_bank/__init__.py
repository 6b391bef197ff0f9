"""A synthetic bank by the source contract: invented people, believable lives, and planted cases for every list."""

from mingdan.sample_bank.write import write_sample_bank

__all__ = ["write_sample_bank"]
