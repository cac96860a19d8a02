"""Programs that talk to `sdkpress mock` through packages that others wrote, each run by the interpreter of
an environment that has the package: with the base URL as argument, they print what they got as JSON.
"""
