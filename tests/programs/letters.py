"""Written for PyTorch: letters that are foretold from those before them, by attention.

The first weights are a formula's, so that both libraries start alike.
"""

import random
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

random.seed(0)
text = "the quick brown fox jumps over the lazy dog. " * 12
letters = sorted(set(text))
places = {c: i for i, c in enumerate(letters)}
data = torch.tensor([places[c] for c in text], dtype=torch.long)
context, width, device = 8, 12, torch.device("cpu")


def start(*shape, salt):
    n = torch.arange(torch.zeros(shape).numel(), dtype=torch.float, device=device) + salt
    return nn.Parameter(0.3 * torch.sin(n * 1.7).view(*shape))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.tril(torch.ones(context, context)))
        self.q, self.k, self.v = (start(width, width, salt=s) for s in range(3))
        self.scale = width**-0.5

    def forward(self, x):
        T = x.size(1)
        q, k, v = (torch.einsum("btc,cd->btd", x, w) for w in (self.q, self.k, self.v))
        scores = torch.einsum("bid,bjd->bij", q, k) * self.scale
        scores = scores.masked_fill(self.seen[:T, :T] == 0, float("-inf"))
        return F.softmax(scores, dim=-1) @ v


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = start(len(letters), width, salt=3)
        self.position = start(context, width, salt=4)
        self.attention = Attention()
        self.hidden = nn.Sequential(nn.LayerNorm(width), nn.ReLU(True))
        self.out = start(width, len(letters), salt=5)

    def forward(self, index, targets=None):
        B, T = index.shape
        x = self.table[index] + self.position[torch.arange(T, device=device)]
        x = x + self.attention(x)
        logits = self.hidden(x) @ self.out
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.view(B * T, -1), targets.view(B * T))


def batch():
    starts = torch.tensor([random.randrange(len(data) - context) for _ in range(16)])
    x = torch.stack([data[i : i + context] for i in starts])
    y = torch.stack([data[i + 1 : i + context + 1] for i in starts])
    return x.to(device), y.to(device)


@torch.no_grad()
def mean_loss(model):
    model.eval()
    losses = torch.zeros(4)
    for k in range(4):
        losses[k] = model(*batch())[1].item()
    model.train()
    return losses.mean(), losses.std(unbiased=False)


model = Model().to(device)
matrices = [p for p in model.parameters() if p.dim() >= 2]
vectors = [p for p in model.parameters() if p.dim() < 2]
print(f"{sum(p.numel() for p in model.parameters())} numbers")
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
    lr=1e-2,
    betas=(0.9, 0.95),
)
for step in range(40):
    logits, loss = model(*batch())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        mean, deviation = mean_loss(model)
        print(f"step {step} loss {loss.item():.4f} mean {mean:.4f} deviation {deviation:.4f}")

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.pt"
    torch.save({"model": model.state_dict(), "step": step, "loss": loss.detach()}, path)
    saved = torch.load(path, weights_only=True)
again = Model()
again.load_state_dict(saved["model"])
print(saved["step"], f"{saved['loss'].item():.4f}")
index = torch.tensor([[places["t"]]])
for _ in range(20):
    logits, _ = again(index[:, -context:])
    index = torch.cat((index, logits[:, -1].argmax(dim=-1, keepdim=True)), dim=1)
print("".join(letters[i] for i in index[0].tolist()).replace(" ", "_"))
assert torch.allclose(again(index[:, :4])[0], model(index[:, :4])[0])
assert not torch.isnan(model.out).any() and index[0, 0] % 3 == places["t"] % 3
