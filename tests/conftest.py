import matplotlib

# No windows. Notebooks run in kernels of their own and keep the inline backend.
matplotlib.use("Agg")
