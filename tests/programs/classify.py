"""Written for PyTorch: a classifier in the way of its tutorials for beginners.

`prepare` (which sets the first weights) and `pictures` are given by the test.
"""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
images, labels = pictures()  # noqa: F821
cut = 3 * len(images) // 4
training = TensorDataset(torch.from_numpy(images[:cut]), torch.tensor(labels[:cut]))
unseen = TensorDataset(torch.from_numpy(images[cut:]), torch.tensor(labels[cut:]))
train_batches = DataLoader(training, batch_size=64, shuffle=False)
test_batches = DataLoader(unseen, batch_size=128)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(8 * 8, 32)
        self.drop = nn.Dropout(p=0.0)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        x = self.flatten(x)
        x = F.relu(self.hidden(x))
        return self.out(self.drop(x))


def train(batches, model, loss_fn, optimizer):
    size = len(batches.dataset)
    model.train()
    for i, (X, y) in enumerate(batches):
        X, y = X.to(device), y.to(device)
        loss = loss_fn(model(X), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if i % 10 == 0:
            seen = (i + 1) * X.size(0)
            print(f"loss {loss.item():>8.5f}  [{seen:>4d}/{size:>4d}]")


def test(batches, model, loss_fn):
    model.eval()
    total, correct = 0, 0
    with torch.no_grad():
        for X, y in batches:
            X, y = X.to(device), y.to(device)
            scores = model(X)
            total += loss_fn(scores, y).item()
            correct += (scores.argmax(1) == y).type(torch.float).sum().item()
            _, again = torch.max(scores, 1)
            assert (again == scores.argmax(dim=1)).float().mean().item() == 1.0
            chances = F.softmax(scores, dim=1)
            assert torch.all(torch.abs(chances.sum(dim=1, keepdim=True) - 1) < 1e-5)
    accuracy = correct / len(batches.dataset)
    print(f"accuracy {100 * accuracy:.1f}%, average loss {total / len(batches):.5f}")
    return accuracy


model = Network().to(device)
prepare(model)  # noqa: F821
loss_fn = nn.CrossEntropyLoss(weight=torch.ones(10), ignore_index=-100, label_smoothing=0.01)
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
for epoch in range(4):
    print(f"epoch {epoch + 1}, rate {scheduler.get_last_lr()[0]:.3f}")
    train(train_batches, model, loss_fn, optimizer)
    reached = test(test_batches, model, loss_fn)
    scheduler.step()
assert reached > 0.85
