from __future__ import annotations

import warnings

import numpy as np
import pytest

import runtime
from runtime.formats import manifest
from runtime.images.files import load_weights


def expected(images, weights, bias=1000, k=3):
    """The payload's arithmetic, in numpy."""
    base = images.reshape(len(images), -1).astype(np.int64).sum(axis=1) + weights.astype(np.int64).sum() + bias
    return (base[:, None] + np.arange(k)).astype(np.uint32)


@pytest.fixture()
def weights():
    return np.arange(-80, 80, dtype=np.int8).reshape(10, 16)


@pytest.fixture()
def images():
    return np.random.default_rng(3).integers(0, 256, (7, 8, 8, 1), np.uint8)


@pytest.mark.parametrize("batch", [None, 1, 3, 7])
def test_any_batch_gives_the_same_classes(build, images, weights, batch):
    with runtime.Accelerator(build(fc=weights.tobytes()), batch=batch) as accelerator:
        for _ in range(2):
            np.testing.assert_array_equal(accelerator.classify(images), expected(images, weights))
        assert accelerator.classify(images[0]).shape == (1, 3)
        assert accelerator.classify(images[:0]).shape == (0, 3)
        np.testing.assert_array_equal(accelerator.classify(images.view(np.int8)), expected(images, weights))


@pytest.mark.parametrize("batch", [None, 1, 10, 64])
def test_sixty_four_images_and_more(build, weights, batch):
    """As an array and as an iterator that is read while the card works."""
    many = np.random.default_rng(4).integers(0, 256, (200, 8, 8, 1), np.uint8)
    with runtime.Accelerator(build(fc=weights.tobytes()), batch=batch) as accelerator:
        assert accelerator.emulated
        np.testing.assert_array_equal(accelerator.classify(many[:64]), expected(many[:64], weights))
        np.testing.assert_array_equal(accelerator.classify(many), expected(many, weights))
        np.testing.assert_array_equal(accelerator.classify(iter(many)), expected(many, weights))
        mixed = (image.view(np.int8) if n % 2 else image for n, image in enumerate(many))
        np.testing.assert_array_equal(accelerator.classify(mixed), expected(many, weights))
        assert accelerator.classify(iter(())).shape == (0, 3)
    assert not accelerator.emulated


def test_photographs(build):
    """As large as ImageNet's: 64 at once, and more than one call takes, made one by one."""
    one = np.random.default_rng(4).integers(0, 256, (224, 224, 3), np.uint8)
    file = build(name="resnet50", image=(224, 224, 3), weights=(1000, 2048), k=5, fc=bytes(2048000), bias=0)

    def marked(number):
        image = one.copy()
        image[0, 0, 0] = number
        return image

    with runtime.Accelerator(file) as accelerator:
        found = accelerator.classify(np.stack([marked(number) for number in range(64)]))
        base = int(one.astype(np.int64).sum()) - int(one[0, 0, 0])
        np.testing.assert_array_equal(found, base + np.arange(64)[:, None] + np.arange(5))
        found = accelerator.classify(marked(number) for number in range(230))
        np.testing.assert_array_equal(found, base + np.arange(230)[:, None] + np.arange(5))


def test_a_stream_of_batches(build, weights):
    many = np.random.default_rng(4).integers(0, 256, (40, 8, 8, 1), np.uint8)
    parts = [many[:1], many[1:20], many[20:20], many[20:21], many[21]]
    with runtime.Accelerator(build(fc=weights.tobytes())) as accelerator:
        found = list(accelerator.stream(parts))
        assert [len(part) for part in found] == [1, 19, 1, 1]
        np.testing.assert_array_equal(np.concatenate(found), expected(many[:22], weights))
        left = accelerator.stream(iter([many[:5]] * 9))
        np.testing.assert_array_equal(next(left), expected(many[:5], weights))
        # What the first left running does not get into the second.
        np.testing.assert_array_equal(accelerator.classify(many[5:9]), expected(many[5:9], weights))
        with pytest.raises(runtime.FarmRuntimeError, match="abandoned"):
            next(left)
        left = accelerator.stream(iter([many[:5]] * 9))
        next(left)
    with pytest.raises(runtime.FarmRuntimeError, match="abandoned"):
        next(left)
    with pytest.raises(runtime.FarmRuntimeError, match="closed"):
        accelerator.stream([many])


def test_an_iterator_with_a_mistake_in_it(build, images, weights):
    with runtime.Accelerator(build(fc=weights.tobytes()), batch=2) as accelerator:
        for wrong, words in ((images[:2], "image 5 of the iterator: shape (2, 8, 8, 1)"), (images[0] * 1.0, "float64")):
            with pytest.raises(runtime.InputError) as caught:
                accelerator.classify(iter([*images[:5], wrong, *images]))
            assert words in str(caught.value)
            np.testing.assert_array_equal(accelerator.classify(images), expected(images, weights))


@pytest.mark.slow
def test_a_card_without_a_queue_gives_the_same(build, images, weights):
    """Without the scheduler a kernel may be started only when it is idle; the card would say so."""
    from runtime.emulation.device import EmulatedCard

    # This payload takes its time: a second start too early does meet a busy card.
    path = build(fc=weights.tobytes(), mode=16)
    card = EmulatedCard()
    card.capabilities["ERT"] = False
    with runtime.Accelerator(path, card, batch=3) as accelerator:
        np.testing.assert_array_equal(accelerator.classify(images), expected(images, weights))
        accelerator._pipeline._queued = 2
        with pytest.raises(runtime.CardError, match="busy"):
            accelerator.classify(images)


def test_weights_of_the_caller(build, images, tmp_path):
    path = build()
    ones = np.ones((10, 16), np.int8)
    np.save(tmp_path / "w.npy", ones)
    np.savez(tmp_path / "w.npz", fc_weights=ones)
    np.savetxt(tmp_path / "w.csv", ones, delimiter=",")
    for given in (ones, ones.astype(np.int64), tmp_path / "w.npy", str(tmp_path / "w.npz"), tmp_path / "w.csv"):
        with runtime.Accelerator(path, fc_weights=given) as accelerator:
            np.testing.assert_array_equal(accelerator.classify(images), expected(images, ones))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, ["no weights", "fc_weights", "(10, 16)"]),
        (np.zeros((16, 10), np.int8), ["(16, 10)"]),
        (np.full((10, 16), 128), ["outside of int8"]),
        (np.full((10, 16), 0.5), ["not int8"]),
        (np.full((10, 16), np.nan), ["outside of int8"]),
        (np.zeros((10, 16), "U1"), ["dtype"]),
        ("weights.txt", ["neither"]),
        ("weights.csv", ["weights.csv", "cannot be read"]),
    ],
)
def test_weights_that_do_not_fit(build, given, words):
    with pytest.raises(runtime.InputError) as caught:
        runtime.Accelerator(build(), fc_weights=given)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((2, 8, 8), np.uint8), ["(2, 8, 8)", "(N, 8, 8, 1)"]),
        (np.zeros((8, 8, 3), np.uint8), ["(8, 8, 3)"]),
        (np.zeros((2, 8, 8, 1)), ["float64", "uint8 or int8"]),
        ([[1, 2], [3]], ["no array"]),
        (3, ["shape ()"]),
    ],
)
def test_images_that_do_not_fit(build, weights, given, words):
    with runtime.Accelerator(build(fc=weights.tobytes())) as accelerator:
        with pytest.raises(runtime.InputError) as caught:
            accelerator.classify(given)
        assert all(word in str(caught.value) for word in words), str(caught.value)


def test_weights_in_one_line(tmp_path):
    """The file of the published ResNet-50: one class after the other in one line, with a comma at its end."""
    values = np.arange(-80, 80, dtype=np.int8).reshape(10, 16)
    (tmp_path / "w.csv").write_text("".join(f"{value}," for value in values.ravel()) + "\n")
    argument = manifest.Argument("weightsmem", (10, 16), ("int8",), "in", "call", ())
    np.testing.assert_array_equal(load_weights(tmp_path / "w.csv", argument), values)
    (tmp_path / "w.csv").write_text("".join(f"{value}," for value in values.ravel()[:-1]) + "\n")
    with pytest.raises(runtime.InputError, match=r"shape \(1, 159\), the kernel takes \(10, 16\)"):
        load_weights(tmp_path / "w.csv", argument)
    (tmp_path / "w.csv").write_text("1,2,,3\n")
    with pytest.raises(runtime.InputError, match="cannot be read"):
        load_weights(tmp_path / "w.csv", argument)


def test_stand_ins_are_said(build, weights):
    path = build(fc=weights.tobytes(), facts={"parameters": manifest.Parameters("stand-in", "0" * 64)})
    with pytest.warns(runtime.StandInWarning, match="random weights"):
        runtime.Accelerator(path).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error", runtime.StandInWarning)
        runtime.Accelerator(build(fc=weights.tobytes())).close()


def test_two_at_once_and_closing(build, images, weights):
    first = runtime.Accelerator(build("a.xclbin", fc=weights.tobytes()))
    second = runtime.Accelerator(build("b.xclbin", bias=1, fc=weights.tobytes()))
    np.testing.assert_array_equal(second.classify(images), expected(images, weights, bias=1))
    np.testing.assert_array_equal(first.classify(images), expected(images, weights))
    second.close()
    np.testing.assert_array_equal(first.classify(images), expected(images, weights))
    first.close()
    first.close()
    with pytest.raises(runtime.FarmRuntimeError, match="closed"):
        first.classify(images)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"manifest": None}, ["no manifest"]),
        ({"manifest": "{}"}, ["schema is missing"]),
        ({"facts": {"kernel": "other"}}, ["'other' is not in EMBEDDED_METADATA"]),
        ({"facts": {"instance": "digits_9"}}, ["digits_9"]),
        ({"facts": {"parts": {"payload": "0" * 64, "memories": "0" * 64}}}, ["part 'memories'", "not the one"]),
        ({"facts": {"parts": {}}}, ["not in the manifest"]),
        ({"facts": {"payload": None}}, ["payload is not the one"]),
        ({"fc": bytes(159)}, ["159 bytes", "takes 160"]),
        ({"metadata": "<project/>"}, ["not in EMBEDDED_METADATA"]),
    ],
)
def test_file_and_manifest_must_agree(build, options, words):
    with pytest.raises(runtime.FarmRuntimeError) as caught:
        runtime.Accelerator(build(sound=False, **options), fc_weights=np.zeros((10, 16), np.int8))
    assert "digits.xclbin" in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)
