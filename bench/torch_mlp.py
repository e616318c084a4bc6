#!/usr/bin/env python3
"""The peer of bench_mlp: the same MLP on the same shape of data in PyTorch, f32. One JSON line.

usage: torch_mlp.py [--threads N] [--batch N] [--seconds S]

It says which BLAS the process has really loaded: with the reference BLAS of Netlib, which Debian
installs when nothing else asks for one, PyTorch runs at a twentieth of its speed, and a comparison
means nothing.
"""
import argparse
import json
import os
import statistics
import time


def loaded_blas():
    """Name of the BLAS among this process's libraries."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        paths = {os.path.realpath(line.split()[-1]) for line in maps if "/" in line}
    names = [os.path.basename(path) for path in paths]
    for known, word in (("openblas", "openblas"), ("mkl", "libmkl"), ("blis", "libblis"), ("atlas", "atlas")):
        if any(word in name for name in names):
            return known
    return "netlib" if any(name.startswith("libblas.so") for name in names) else "unknown"


def main():
    """Measures rounds of 50 steps until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()

    import torch  # late: the BLAS reads its thread count from the environment
    from torch import nn

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rows, batch = 8192, options.batch
    features, labels = torch.rand(rows, 784), torch.randint(0, 10, (rows,))
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()

    def step(number):
        start = (number * batch) % (rows - batch + 1)
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(features[start:start + batch]), labels[start:start + batch]).backward()
        optimizer.step()

    for number in range(20):
        step(number)
    rates, number, end = [], 0, time.perf_counter() + options.seconds
    while not rates or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(50):
            step(number)
            number += 1
        rates.append(50 * batch / (time.perf_counter() - begin))
    print(json.dumps({
        "bench": "torch_mlp", "threads": options.threads, "batch": batch, "torch": torch.__version__,
        "blas": loaded_blas(), "samples_per_s_median": round(statistics.median(rates)),
        "max": round(max(rates)), "min": round(min(rates))}))


if __name__ == "__main__":
    main()
