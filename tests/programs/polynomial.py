"""Written for PyTorch: a cubic fitted to a sine, by hand, by a module, and by an optimizer."""

import math

import torch

dtype = torch.float32
x = torch.linspace(-math.pi, math.pi, 400, dtype=dtype)
y = torch.sin(x)

# By hand: every coefficient is a tensor of its own
a, b, c, d = (torch.tensor(v, dtype=dtype, requires_grad=True) for v in (0.3, -0.2, 0.1, 0.05))
rate = 2e-6
for t in range(300):
    prediction = a + b * x + c * x**2 + d * x.pow(3)
    loss = (prediction - y).pow(2).sum()
    if t % 100 == 99:
        print(t, f"{loss.item():.4f}")
    loss.backward()
    with torch.no_grad():
        a -= rate * a.grad
        b -= rate * b.grad
        c.sub_(c.grad, alpha=rate)
        d.data = d - rate * d.grad
        for w in (a, b, c, d):
            w.grad.zero_()
print(f"y = {a.item():.4f} + {b.item():.4f} x + {c.item():.4f} x^2 + {d.item():.4f} x^3")

# By a module with parameters of its own


class Cubic(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.coefficients = torch.nn.Parameter(torch.full((4,), 0.1))
        self.powers = torch.arange(4)

    def forward(self, x):
        columns = torch.stack([torch.ones_like(x), x, x**2, x**3], dim=1)
        return torch.matmul(columns, self.coefficients)

    def string(self):
        return " + ".join(f"{w:.4f} x^{n}" for n, w in enumerate(self.coefficients.tolist()))


model = Cubic()
criterion = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=2e-6, momentum=0.5)
for _ in range(300):
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}", model.string())

# Wrapped features, and the size of what is not learned
features = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]))
print(features.shape[0], features.dim(), features.numel())
left, right = torch.chunk(features, 2, dim=0)
again = torch.cat((left, right), dim=0)
print(f"{(again - features).abs().max().item():.1f}", f"{features.std(dim=0).tolist()[1]:.4f}")
print(f"{torch.where(x > 0, x, torch.zeros_like(x)).mean():.4f}", f"{x.clamp(min=0).mean():.4f}")
