"""Your own code: written once, never touched by the generator again."""
