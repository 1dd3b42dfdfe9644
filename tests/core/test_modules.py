"""Modules, layers and their state, where one expression is not enough."""

import inspect

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, manual_seed, nn
from tinytorch.core.init import NAMES, initialize


def model(rng=0):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=rng),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.MLP([64, 16, 10], nn.Tanh, rng=rng),
    )


class Net(nn.Module):
    """Tensors and modules wherever a learner may put them, one of them twice."""

    def __init__(self):
        self.scale = Tensor([2.0], requires_grad=True)
        self.body = model()
        self.heads = {"a": nn.Linear(10, 2, rng=1), "b": nn.Linear(10, 3, bias=False, rng=2)}
        self.extra = [Tensor([1.0], requires_grad=True), (nn.LayerNorm(3),)]
        self.again = self.heads["a"]
        self.above = [self]
        self.words = "not a module"

    def forward(self, x):
        return self.heads["a"](self.body(x)) * self.scale


def test_names_are_paths_and_each_tensor_comes_once():
    net = Net()
    names = [name for name, _ in net.named_tensors()]
    assert names == [
        "scale",
        "body.layers.0.weight",
        "body.layers.0.bias",
        "body.layers.1.weight",
        "body.layers.1.bias",
        "body.layers.1.running_mean",
        "body.layers.1.running_var",
        "body.layers.5.layers.0.weight",
        "body.layers.5.layers.0.bias",
        "body.layers.5.layers.2.weight",
        "body.layers.5.layers.2.bias",
        "heads.a.weight",
        "heads.a.bias",
        "heads.b.weight",
        "extra.0",
        "extra.1.0.weight",
        "extra.1.0.bias",
    ]
    parameters = [name for name, _ in net.named_parameters()]
    assert parameters == [name for name in names if "running" not in name]
    assert len(net.parameters()) == len(parameters)


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert net.train() is net
    assert all(m.training for m in net.modules())
    assert net.heads["b"] in list(net.modules())


def test_zero_grad():
    net = Net()
    net(Tensor(np.ones((2, 1, 8, 8), np.float32))).sum().backward()
    assert net.scale.grad is not None
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_state_is_copied_out_and_in():
    a, b = model(0), model(1)
    x = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    a(Tensor(x))  # moves the running statistics
    state = a.state_dict()
    assert any(not np.array_equal(state[k], b.state_dict()[k]) for k in state)
    kept = dict(b.named_tensors())
    b.load_state_dict(state)
    assert all(kept[name] is tensor for name, tensor in b.named_tensors())
    np.testing.assert_array_equal(a.eval()(Tensor(x)).data, b.eval()(Tensor(x)).data)
    state["layers.0.weight"] += 1
    np.testing.assert_array_equal(a.eval()(Tensor(x)).data, b.eval()(Tensor(x)).data)
    assert b.layers[0].weight.dtype == np.float32
    b.load_state_dict({k: v.astype(np.float64) for k, v in state.items()})
    assert b.layers[0].weight.dtype == np.float32


def test_a_state_that_does_not_fit_changes_nothing_and_is_described():
    net = nn.MLP([3, 4, 2], rng=0)
    before = net.state_dict()
    state = {k: v + 1 for k, v in before.items()}
    state["layers.0.weight"] = np.zeros((4, 3))
    state["head"] = state.pop("layers.2.bias")
    with pytest.raises(ValueError, match="does not fit MLP") as error:
        net.load_state_dict(state)
    for line in (
        "missing: layers.2.bias (2,)",
        "unexpected: head (2,)",
        "mismatched: layers.0.weight is (3, 4) here, (4, 3) in the state",
    ):
        assert line in str(error.value)
    with pytest.raises(TypeError, match="a tensor"):
        net.load_state_dict(before | {"layers.2.bias": "words"})
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_repr_is_how_it_was_made():
    assert repr(nn.MLP([3, 4, 2])) == "MLP(Linear(3, 4), ReLU(), Linear(4, 2))"
    assert repr(nn.Linear(3, 4, bias=False)) == "Linear(3, 4, bias=False)"
    assert repr(nn.Dropout(0.1)) == "Dropout(0.1)"
    assert repr(nn.GELU("tanh")) == "GELU('tanh')"
    assert repr(nn.LeakyReLU(0.1)) == "LeakyReLU(0.1)"
    assert repr(nn.LogSoftmax(0)) == "LogSoftmax(axis=0)"
    assert repr(nn.Embedding(5, 3)) == "Embedding(5, 3)"
    assert repr(nn.LayerNorm((3, 4))) == "LayerNorm((3, 4))"
    assert repr(nn.CrossEntropyLoss(label_smoothing=0.1)) == "CrossEntropyLoss(label_smoothing=0.1)"
    assert repr(nn.MSELoss(reduction="sum")) == "MSELoss(reduction='sum')"
    assert repr(nn.Conv2d(1, 2, 3, 2, 1, bias=False)) == (
        "Conv2d(1, 2, (3, 3), stride=(2, 2), padding=(1, 1), bias=False)"
    )
    assert repr(model()).splitlines()[:3] == [
        "Sequential(",
        "  Conv2d(1, 4, (3, 3), padding=(1, 1)),",
        "  BatchNorm2d(4),",
    ]

    class Two(nn.Module):
        def __init__(self):
            self.first, self.rest = nn.ReLU(), [nn.Tanh()]

    assert repr(Two()) == "Two(first=ReLU(), rest=[Tanh()])"


def test_a_list_or_an_array_is_taken_as_an_input():
    layer = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, rng=0))
    rows = [[1.0, 2.0]]
    for x in (rows, np.array(rows, np.float32)):
        np.testing.assert_array_equal(layer(x).data, layer(Tensor(rows)).data)


def test_sequential():
    layers = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    assert len(layers) == 2
    assert isinstance(layers[1], nn.ReLU)
    assert [type(layer) for layer in layers.layers] == [nn.Linear, nn.ReLU]
    with pytest.raises(TypeError, match="layer 1 is not"):
        nn.Sequential(nn.ReLU(), 3)
    with pytest.raises(TypeError, match="layer 0 is not"):
        nn.Sequential([nn.ReLU])


# Initial weights


@pytest.mark.parametrize(
    ("name", "variance"),
    [("he", 2 / 200), ("xavier", 2 / (200 + 600)), ("lecun", 1 / 200), ("zeros", 0)],
)
def test_initial_variance(name, variance):
    for full in [n for n in NAMES if n.startswith(name)]:
        weight = initialize(full, (200, 600), 200, 600, rng=0)
        assert weight.requires_grad
        assert weight.dtype == np.float32
        assert weight.data.var() == pytest.approx(variance, rel=0.02)
        assert abs(weight.data.mean()) <= 0.02 * np.sqrt(variance)
        if full.endswith("uniform"):
            assert np.abs(weight.data).max() == pytest.approx(np.sqrt(3 * variance), rel=1e-3)
        if full.endswith("normal"):
            assert np.abs(weight.data).max() > 3 * np.sqrt(variance)


def test_initial_weights_are_pytorchs_in_distribution():
    """The bounds and deviations are those of torch.nn.init, fan_in and fan_out included."""
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    weight = torch.empty(64, 32, 3, 5)
    layer = {"lecun": 1.0, "he": 2.0**0.5}
    for name, gain in layer.items():
        torch.nn.init.kaiming_uniform_(weight, nonlinearity="linear" if gain == 1 else "relu")
        ours = nn.Conv2d(32, 64, (3, 5), init=f"{name}_uniform", rng=0).weight
        assert ours.shape == tuple(weight.shape)
        assert ours.data.max() == pytest.approx(weight.max().item(), rel=1e-2)
    torch.nn.init.xavier_normal_(weight)
    ours = nn.Conv2d(32, 64, (3, 5), init="xavier_normal", rng=0).weight
    assert ours.data.std() == pytest.approx(weight.std().item(), rel=2e-2)


def test_the_generator_decides():
    def weights(**options):
        return nn.MLP([5, 4, 3], **options).state_dict()["layers.2.weight"]

    np.testing.assert_array_equal(weights(rng=3), weights(rng=np.random.default_rng(3)))
    assert not np.array_equal(weights(rng=3), weights(rng=4))
    tinytorch.manual_seed(5)
    first = weights()
    assert not np.array_equal(first, weights())
    tinytorch.manual_seed(5)
    np.testing.assert_array_equal(first, weights())
    np.testing.assert_array_equal(weights(init="zeros"), 0)
    with pytest.raises(TypeError, match="rng must be"):
        weights(rng=-1)


# Dropout and normalization while training


def test_dropout_keeps_the_mean_and_drops_the_gradient_alike():
    x = Tensor(np.full((200, 500), 2, np.float32), requires_grad=True)
    y = nn.Dropout(0.2, rng=0)(x)
    assert sorted(np.unique(y.data)) == [0, 2.5]
    assert (y.data == 0).mean() == pytest.approx(0.2, abs=0.01)
    assert y.data.mean() == pytest.approx(2, rel=0.01)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data / 2)
    assert y.dtype == x.grad.dtype == np.float32


def test_dropout_draws_anew_and_can_be_repeated():
    x = Tensor(np.ones(100, np.float32))
    layer = nn.Dropout(0.5, rng=1)
    first, second = layer(x).data, layer(x).data
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(nn.Dropout(0.5, rng=1)(x).data, first)
    layer = nn.Dropout(0.5)
    tinytorch.manual_seed(1)
    np.testing.assert_array_equal(layer(x).data, first)
    assert layer.eval()(x) is x


@pytest.mark.parametrize(
    ("name", "shape"),
    [("BatchNorm1d", (4, 3)), ("BatchNorm1d", (2, 3, 5)), ("BatchNorm2d", (2, 3, 4, 4))],
)
def test_running_statistics_are_pytorchs(name, shape):
    torch = pytest.importorskip("torch", reason="PyTorch is the referee of this test")
    ours, theirs = getattr(nn, name)(3, momentum=0.3), getattr(torch.nn, name)(3, momentum=0.3)
    rng = np.random.default_rng(0)
    for training in (True, True, True, False):
        x = rng.normal(1, 2, size=shape).astype(np.float32)
        y = ours.train(training)(Tensor(x))
        expected = theirs.train(training)(torch.tensor(x)).detach().numpy()
        np.testing.assert_allclose(y.data, expected, atol=2e-6)
        for statistic in ("running_mean", "running_var"):
            a, b = getattr(ours, statistic), getattr(theirs, statistic)
            assert a.dtype == np.float32
            np.testing.assert_allclose(a.data, b.numpy(), rtol=2e-6)


def test_running_statistics_by_hand():
    layer = nn.BatchNorm1d(1, momentum=0.5)
    layer(Tensor([[1.0], [3.0]]))
    assert layer.running_mean.data.tolist() == [1.0]  # ½·0 + ½·2
    assert layer.running_var.data.tolist() == [1.5]  # ½·1 + ½·2: the unbiased variance is 2
    layer.eval()(Tensor([[9.0], [9.0]]))
    assert layer.running_mean.data.tolist() == [1.0]


class Keeps(nn.Module):
    """Keeps an output, as one does to look at it."""

    def __init__(self):
        self.inner = nn.Linear(2, 2, rng=0)
        self.last = []

    def forward(self, x):
        self.last.append(self.inner(x))
        return self.last[-1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_numbers_are_standardized_as_small_ones(dtype):
    """Their squares overflow; so may their sum."""
    rows = np.array([[1.0, 1, 3, 4], [-1, 0, 0, 1], [2, 2, 2, 2]], dtype)
    far = np.finfo(dtype).max / 4
    for layer, x in ((nn.LayerNorm(4), rows), (nn.BatchNorm1d(3), rows.T.copy())):
        near, large = (Tensor(x * dtype(s), requires_grad=True) for s in (1000, far))
        a, b = layer(near), layer(large)
        np.testing.assert_allclose(a.data, b.data, atol=1e-6)
        weights = np.arange(12, dtype=dtype).reshape(x.shape) * (x != 2)  # not of equal numbers
        (a * weights).sum().backward()
        (b * weights).sum().backward()
        np.testing.assert_allclose(
            near.grad.data * 1000, large.grad.data * far, rtol=1e-3, atol=1e-4
        )
    mixed = nn.LayerNorm(4)(Tensor(rows * np.array([[1], [far], [1]], dtype))).data
    np.testing.assert_allclose(mixed[0], nn.LayerNorm(4)(Tensor(rows[:1])).data[0], rtol=1e-6)


def test_running_statistics_recover_from_numbers_that_overflow():
    layer = nn.BatchNorm1d(1)
    layer(Tensor(np.array([[3e38], [-3e38]], np.float32)))
    assert np.isfinite(layer.running_var.data).all()
    for _ in range(2000):
        layer(Tensor([[1.0], [-1.0]]))
    assert layer.running_var.item() == pytest.approx(2, rel=1e-5)


def test_an_output_that_is_kept_is_no_parameter():
    model = Keeps()
    before = model.state_dict()
    model(Tensor(np.ones((3, 2), np.float32)))
    assert model.parameters() == [model.inner.weight, model.inner.bias]
    assert set(model.state_dict()) == set(before)
    model.load_state_dict(before)


def test_a_weight_that_is_computed_is_not_silently_left_out():
    """Else the rest would be trained without it, and nobody would be told."""
    model = nn.Linear(2, 2, rng=0)
    model.weight = Tensor(np.ones((2, 2)), requires_grad=True) * 0.1
    with pytest.raises(ValueError, match=r"shape \(2, 2\) is computed from others"):
        tinytorch.optim.SGD(model.parameters())


# Errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Linear(0, 3), "Linear: in_features must be an integer >= 1, got 0"),
        (lambda: nn.Linear(3, 2.5), "out_features must be .* got 2.5"),
        (lambda: nn.Linear(True, 2), "in_features must be .* got True"),
        (lambda: nn.Linear(3, 2, init="he"), "init must be one of zeros, he_uniform.* got 'he'"),
        (lambda: nn.Conv2d(1, 0, 3), "out_channels .* got 0"),
        (lambda: nn.Conv2d(1, 1, 0), "kernel_size .* got 0"),
        (lambda: nn.Conv2d(1, 1, 3, stride=(1, 0)), r"stride .* got \(1, 0\)"),
        (lambda: nn.Conv2d(1, 1, 3, padding=-1), "padding .* got -1"),
        (lambda: nn.MaxPool2d(0), "kernel_size .* got 0"),
        (lambda: nn.Dropout(1.5), r"Dropout: p must be a number in \[0, 1\], got 1.5"),
        (lambda: nn.Dropout(float("nan")), "p must be"),
        (lambda: nn.Embedding(0, 3), "num_embeddings .* got 0"),
        (lambda: nn.LayerNorm(()), "normalized_shape"),
        (lambda: nn.LayerNorm(0), "normalized_shape .* got 0"),
        (lambda: nn.LayerNorm(3, eps=-1), "eps must be .* got -1"),
        (
            lambda: nn.BatchNorm1d(3, momentum=2),
            r"BatchNorm1d: momentum .* in \[0, 1\], got 2",
        ),
        (lambda: nn.BatchNorm1d(3, eps=float("inf")), "eps must be .* got inf"),
        (lambda: nn.LeakyReLU(-1), "negative_slope .* got -1"),
        (lambda: nn.GELU("erf"), "got 'erf'"),
        (lambda: nn.MLP([3]), r"MLP: sizes must be a list of two or more .* got \[3\]"),
        (lambda: nn.MLP(5), "sizes must be a list of two or more integers >= 1.* got 5"),
        (lambda: nn.MLP([3, "a"]), "sizes must be .* got .3, 'a'."),
        (lambda: nn.LeakyReLU("a"), r"LeakyReLU: negative_slope .* in \[0, 1\], got 'a'"),
        (lambda: nn.Dropout(None), r"Dropout: p must be a number in \[0, 1\], got None"),
        (lambda: nn.CrossEntropyLoss(label_smoothing="x"), r"label_smoothing must be .* got 'x'"),
        (lambda: nn.BatchNorm1d(2, momentum=None), "momentum must be .* got None"),
        (lambda: nn.BatchNorm2d(2, eps=True), "BatchNorm2d: eps must be .* got True"),
        (lambda: nn.LayerNorm(2, eps=None), "LayerNorm: eps must be a finite number.* got None"),
        (lambda: nn.LayerNorm(2, eps=True), "eps must be .* got True"),
        (lambda: nn.Conv2d(1, 1, None), "Conv2d: kernel_size must be an integer >= 1 or a pair"),
        (lambda: nn.Conv2d(1, 1, True), "kernel_size must be .* got True"),
        (lambda: nn.MaxPool2d("ab"), "MaxPool2d: kernel_size must be .* got 'ab'"),
        (lambda: nn.Softmax("a"), "Softmax: axis must be an integer, got 'a'"),
        (lambda: nn.LogSoftmax(0.5), "LogSoftmax: axis must be an integer, got 0.5"),
        (lambda: manual_seed(-1), "manual_seed: seed must be an integer >= 0, got -1"),
        (lambda: nn.Linear(3, 2)(Tensor(np.ones((4, 2)))), r"Linear\(3, 2\) .* shape \(4, 2\)"),
        (lambda: nn.Linear(3, 2)(Tensor(1.0)), r"Linear\(3, 2\) .* shape \(\)"),
        (lambda: nn.LayerNorm(3)(Tensor(np.ones((3, 2)))), r"LayerNorm.* shape \(3, 2\)"),
        (lambda: nn.BatchNorm1d(3)(Tensor(np.ones((3, 2)))), r"BatchNorm1d.* shape \(3, 2\)"),
        (lambda: nn.BatchNorm2d(3)(Tensor(np.ones((2, 3)))), r"BatchNorm2d.* shape \(2, 3\)"),
        (lambda: nn.BatchNorm1d(3)(Tensor(np.ones((1, 3)))), "more than one value per channel"),
        (lambda: nn.Flatten()(Tensor(1.0)), "Flatten needs a batch"),
        (lambda: nn.Conv2d(3, 1, 3)(Tensor(np.ones((8, 1, 5, 5)))), r"\(8, 1, 5, 5\) and \(1, 3,"),
    ],
)
def test_errors_name_the_argument_or_the_layer(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_forward_must_be_defined():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define forward"):
        Empty()(1)


@pytest.mark.parametrize("public", [tinytorch, nn], ids=["tinytorch", "nn"])
def test_everything_public_says_what_it_does(public):
    for name in public.__all__:
        documented = getattr(public, name)
        assert inspect.getdoc(documented), name
        own = vars(documented) if inspect.isclass(documented) else {}
        for method in [
            m for m in own if not m.startswith("_") and m not in ("forward", "training")
        ]:
            if callable(own[method]) or isinstance(own[method], property):
                assert inspect.getdoc(own[method]), f"{name}.{method}"


@pytest.mark.parametrize("mask", [[True, False], [0.0, -np.inf]])
def test_a_place_that_may_see_no_key_gets_zeros_and_gives_no_gradient(mask):
    """As of a padded row in a batch: elsewhere one row that sees nothing makes all weights NaN."""
    q, k, v = (Tensor(np.arange(8.0).reshape(2, 4) + i, requires_grad=True) for i in range(3))
    none = [False, False] if mask[0] is True else [-np.inf, -np.inf]
    y = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=np.array([mask, none]))
    assert y.data.tolist() == [v.data[0].tolist(), [0.0] * 4]
    y.sum().backward()
    assert v.grad.data.tolist() == [[1.0] * 4, [0.0] * 4]
    assert (q.grad.data == 0).all() and (k.grad.data == 0).all()  # one key has all the weight


def test_attention_takes_a_mask_or_makes_one():
    x = tinytorch.ones(2, 4)
    with pytest.raises(ValueError, match="pass attn_mask, or it, not both"):
        nn.functional.scaled_dot_product_attention(
            x, x, x, attn_mask=np.ones((2, 2), bool), is_causal=True
        )


def test_a_buffer_is_registered_or_set():
    layer = nn.Module()
    layer.register_buffer("mask", tinytorch.ones(2))
    layer.register_buffer("none", None)
    assert [name for name, _ in layer.named_buffers()] == ["mask"] and layer.none is None
    with pytest.raises(TypeError, match="register_buffer: mask must be a tensor, got 3"):
        layer.register_buffer("mask", 3)


def test_children_are_the_modules_right_below():
    shared = nn.Linear(2, 2)
    model = nn.Module()
    model.layers, model.body = [shared, nn.ReLU()], nn.Sequential(nn.Linear(2, 2))
    model.again = shared
    assert [*model.children()] == [shared, model.layers[1], model.body]


def test_a_state_is_loaded_in_part_if_asked_for():
    model, start = nn.Linear(2, 1), nn.Linear(2, 1).state_dict()
    bias = model.bias.data.copy()
    model.load_state_dict({"weight": start["weight"], "other": np.ones(3)}, strict=False)
    assert (model.weight.data == start["weight"]).all() and (model.bias.data == bias).all()
    with pytest.raises(ValueError, match=r"mismatched: weight is \(2, 1\) here"):
        model.load_state_dict({"weight": np.ones(3)}, strict=False)


def test_padding_in_a_word_keeps_the_size():
    layer = nn.Conv2d(1, 2, (3, 5), padding="same")
    assert layer.padding == (1, 2) and layer(tinytorch.ones(1, 1, 6, 7)).shape == (1, 2, 6, 7)
    for arguments in ({"padding": "full"}, {"stride": 2}, {"kernel_size": 2}):
        with pytest.raises(ValueError, match='must be "same", with an odd kernel and stride 1'):
            nn.Conv2d(1, 2, **{"kernel_size": 3, "padding": "same", **arguments})


def test_two_tensors_of_one_name_are_not_saved_as_one():
    model = nn.Module()
    model.parts = {1: tinytorch.ones(2), "1": tinytorch.zeros(2)}
    for call in (model.state_dict, lambda: model.load_state_dict({"parts.1": np.ones(2)})):
        with pytest.raises(ValueError, match=r"Module: two tensors have the name 'parts\.1'"):
            call()
    assert model.parts["1"].tolist() == [0.0, 0.0]


# Rows that stand for nothing, channels that are left out


def test_the_row_of_the_padding_starts_at_zero_and_stays_there():
    layer = nn.Embedding(5, 3, padding_idx=-2, rng=0)
    assert layer.padding_idx == 3 and not layer.weight.data[3].any()
    assert repr(layer) == "Embedding(5, 3, padding_idx=3)"
    layer([[3, 1], [1, 3]]).sum().backward()
    assert layer.weight.grad.sum(1).tolist() == [0.0, 6.0, 0.0, 0.0, 0.0]


def test_pretrained_rows_are_copied_and_frozen():
    rows = Tensor([[1.0, 2.0], [3.0, 4.0]])
    layer = nn.Embedding.from_pretrained(rows, padding_idx=0)
    assert not layer.weight.requires_grad and layer.padding_idx == 0
    rows.data[1] = 0
    assert layer([1, 0]).tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert nn.Embedding.from_pretrained(rows, freeze=False).weight.requires_grad


@pytest.mark.parametrize("given", [5, -6, 1.0, True])
def test_a_padding_that_is_no_row_is_refused(given):
    with pytest.raises(ValueError, match=r"padding_idx must be an integer in -5\.\.4, or None"):
        nn.Embedding(5, 3, given)
    with pytest.raises(ValueError, match=r"embedding: padding_idx must be"):
        nn.functional.embedding([0], tinytorch.zeros(5, 3), padding_idx=given)


def test_whole_channels_are_left_out():
    y = nn.Dropout2d(0.4, rng=0)(tinytorch.ones(50, 20, 3, 2)).data
    assert (y == y[:, :, :1, :1]).all() and set(np.unique(y)) == {0, np.float32(1 / 0.6)}
    assert abs((y == 0).mean() - 0.4) < 0.06
    with pytest.raises(ValueError, match=r"dropout2d needs images \(N, C, H, W\)"):
        nn.Dropout2d()(tinytorch.ones(2, 3))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: nn.Hardtanh(1, 1), "min_val 1 must be below max_val 1"),
        (lambda: nn.Hardtanh(float("nan")), "Hardtanh: min_val must be a finite number"),
        (lambda: nn.functional.hardtanh(Tensor([1.0]), "a"), "hardtanh: min_val must be a finite"),
        (lambda: nn.functional.hardtanh(Tensor([1.0]), 1, 0), "hardtanh: min_val 1 must be below"),
        (lambda: nn.ReLU6(inplace=1), "ReLU6: inplace must be True or False"),
        (lambda: nn.PReLU(0), "num_parameters must be an integer >= 1"),
        (
            lambda: nn.PReLU(3)(tinytorch.ones(4, 2)),
            r"PReLU\(3\) cannot take an input of shape \(4, 2\)",
        ),
        (lambda: nn.AdaptiveAvgPool2d(0), "output_size must be"),
        (lambda: nn.AdaptiveAvgPool2d(1)(tinytorch.ones(2, 2)), r"images \(N, C, H, W\)"),
        (lambda: nn.Embedding.from_pretrained([1.0]), "pretrained rows are a matrix"),
    ],
)
def test_what_a_newer_layer_cannot_take_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize(
    "layer", [nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.Mish, nn.SELU, nn.ReLU6, nn.Dropout]
)
def test_in_place_is_taken_and_does_nothing(layer):
    x = Tensor([-1.0, 2.0])
    assert layer(inplace=True).eval()(x).tolist() == layer().eval()(x).tolist()
    assert x.tolist() == [-1.0, 2.0]
    with pytest.raises(ValueError, match="inplace must be True or False"):
        layer(inplace=1)


@pytest.mark.parametrize("form", ["uniform", "normal"])
def test_initial_weights_have_the_variance_that_is_asked_for(form):
    kernels = tinytorch.zeros(64, 32, 5, 5)
    kaiming = getattr(nn.init, f"kaiming_{form}_")
    xavier = getattr(nn.init, f"xavier_{form}_")
    for filled, variance in [
        (kaiming(kernels.clone(), generator=0), 2 / 800),
        (kaiming(kernels.clone(), mode="fan_out", nonlinearity="relu", generator=0), 2 / 1600),
        (kaiming(kernels.clone(), a=1, generator=0), 1 / 800),
        (xavier(kernels.clone(), gain=3.0, generator=0), 9 * 2 / 2400),
    ]:
        assert abs(filled.data.var() / variance - 1) < 0.03
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out', got 'fan'"):
        kaiming(kernels, mode="fan")


def test_gains_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is asked")
    names = ("linear", "conv1d", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
    for name in names:
        assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert nn.init.calculate_gain("leaky_relu", 0.5) == torch.nn.init.calculate_gain(
        "leaky_relu", 0.5
    )
    with pytest.raises(ValueError, match="nonlinearity must be one of leaky_relu, linear"):
        nn.init.calculate_gain("relu7")


def test_a_module_changes_its_precision_by_name():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert {t.dtype.name for _, t in net.double().named_tensors()} == {"float64"}
    assert net(tinytorch.ones(4, 2).double()).dtype == np.float64
    assert {t.dtype.name for _, t in net.float().named_tensors()} == {"float32"}


def test_a_state_that_cannot_be_written_changes_nothing():
    class Counter(nn.Module):
        def __init__(self):
            self.weight, self.count = tinytorch.zeros(2), Tensor(np.array([1]))

    net = Counter()
    with pytest.raises(OverflowError, match=r"Counter: count: 0\.5 does not fit"):
        net.load_state_dict({"weight": [5.0, 5.0], "count": [0.5]})
    net.count.data.flags.writeable = False
    with pytest.raises(ValueError, match="read-only: count"):
        net.load_state_dict({"weight": [5.0, 5.0], "count": [2]})
    assert net.weight.tolist() == [0.0, 0.0] and net.count.tolist() == [1]


def test_a_list_in_a_state_keeps_the_digits_of_the_parameter():
    layer = nn.Linear(1, 1, bias=False).double()
    layer.load_state_dict({"weight": [[0.1]]})
    assert layer.weight.item() == 0.1


def test_modules_and_buffers_by_name():
    net = Net()
    named = dict(net.named_modules())
    assert named[""] is net and named["body.layers.1"] is net.body[1]
    assert [*named.values()] == [*net.modules()]
    assert {id(b) for b in net.buffers()} == {id(b) for _, b in net.named_buffers()} != set()


def test_some_of_a_sequence_is_a_sequence():
    net = model()
    x = tinytorch.ones(2, 1, 8, 8)
    first = net[:3]
    assert isinstance(first, nn.Sequential) and len(first) == 3
    assert first[0] is net[0] and first(x).shape == (2, 4, 8, 8)


def test_a_module_moves_by_named_arguments():
    assert nn.Linear(1, 1).to(device="cpu", dtype=tinytorch.float64).weight.dtype == np.float64


def test_dropout_takes_a_list():
    assert nn.functional.dropout([1.0, 2.0], training=False).tolist() == [1.0, 2.0]
