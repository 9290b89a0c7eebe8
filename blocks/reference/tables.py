"""The keys of each part of a network file, and samples that hold the part.

Keys of layers are those that their reader uses. Those of other parts are listed here; a test compares them with the
keys that the reader asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks.dataset_file import BGR, CHW, DIGITS, HWC, RGB
from blocks.fifo_depths import LINK_DEPTHS
from blocks.kinds.convolution import MOST_CHANNELS, MOST_PIXELS_A_SIDE
from blocks.kinds.head import FC_CACHES
from blocks.kinds.window import MOST_KERNEL, NO_PAD
from blocks.layers.base import Key
from blocks.layers.join import MOST_FACTOR
from blocks.layers.reader import LAYER_TYPES
from blocks.reference.samples import FIFOS, FOLDING, LAYERS, SHORT, TWO_PATHS, Place, sample
from blocks.views import DEFAULT_VIEW, VIEWS
from config.frozen import dataclass


@dataclass(frozen=True)
class Table:
    """The keys of one part of a file, without those that `shared` lists for all parts of its kind.

    `wrong`: values, by key, that are refused for more than their type or range.
    """

    title: str
    about: str
    keys: tuple[Key, ...]
    places: tuple[Place, ...]
    wrong: Mapping[str, tuple[Any, ...]]
    shared: tuple[Key, ...] = ()


def _key(name: str, form: str, about: str, *default: Any, **more: Any) -> Key:
    return Key(name, form, about, *default, **more)


_NAME = _key("name", "text", "a letter, then up to 39 letters, digits and `_`; no two alike")
_VIEW = _key("view", "text", "how AMD's tools get the core; blocks that share a core need the same one",
             None, choices=VIEWS, otherwise="that of the file")  # fmt: skip
_BLOCK = (_NAME, _key("kind", "text", "`block`, `basic`, `stem`, `residual` or `head`"), _VIEW)
_CHANNELS = _key("channels", "integer", "output channels", minimum=1, maximum=MOST_CHANNELS)
_KERNEL = _key("kernel", "size", "rows and columns of a window", minimum=1, maximum=MOST_KERNEL)
_STRIDE = _key("stride", "size", "rows and columns from one window to the next", 1, minimum=1, maximum=MOST_KERNEL)
_PAD = _key("pad", "pad", "rows and columns of value 0: top, left, bottom, right; each less than the kernel", NO_PAD)
_MAPPING = "mapping"
_LAYOUT = _key("layout", "text", "the axes of images in `.npy` files: `hwc` is rows, columns, channels; `chw` has the "
               "channels first, as PyTorch has them", HWC, choices=(HWC, CHW))  # fmt: skip

_OWN_FOLDING = (
    _key("pe", "integer", "output channels computed at once; at most `channels`", minimum=1),
    _key("simd", "integer", "inputs read at once; divides the input channels, or those of a kernel row", minimum=1),
    _key("mmv", "integer", "output pixels computed at once; divides the output columns", 1, minimum=1),
    _key("pixels_in", "integer", "input pixels that arrive at once; divides the input columns", 1, minimum=1),
    _key("threshold_pe", "integer", "channels whose thresholds are compared at once; divides `channels`", 0, minimum=1,
         otherwise="the fewest that keep up"),
)  # fmt: skip
_NOT_DIVIDING = {"pe": (999,), "simd": (7,), "mmv": (7,), "pixels_in": (7,), "threshold_pe": (7,)}

FILE = (
    Table(
        "The file", "A mapping with these keys.",
        (
            _key("name", "text", "the file's name without `.yaml`: a letter, then up to 39 letters, digits and `_`",
                 None, otherwise="the file's"),
            _key("image", _MAPPING, "what comes in, see below"),
            _key("blocks", "list", "the blocks, at least one; the last gives the results"),
            _key("parameters", "text", "folder of the trained values, below that of this file", None,
                 otherwise="the network's name"),
            _key("labels", "texts", "a text per class, for display", None, otherwise="the class's number"),
            _key("view", "text", "how AMD's tools get the cores", DEFAULT_VIEW, choices=VIEWS),
            _key("dataset", _MAPPING, "labelled images for the demo and for `cosim`, see below", None),
        ),
        (Place(SHORT), Place(LAYERS)),
        {"name": ("other",), "parameters": ("../elsewhere",), "labels": (["one"],)},
    ),
    Table(
        "`image`", "The images are 8 bits a channel, unsigned.",
        (
            *(_key(name, "integer", f"{what} of pixels", minimum=1, maximum=MOST_PIXELS_A_SIDE)
              for name, what in (("height", "rows"), ("width", "columns"))),
            _key("channels", "integer", "channels of a pixel", minimum=1, maximum=MOST_CHANNELS),
            _key("bits", "integer", "bits of a channel", 8, choices=(8,)),
            _key("zero_point", "integer", "the byte that stands for the value 0", 0, minimum=0, maximum=255),
            _key("scale", "number", "the real number that a value of 1 stands for; joins compare it", None, minimum=0),
        ),
        (Place(LAYERS, ("image",)),),
        {},
    ),
    Table(
        "`dataset` that ships", "Images that a package ships.",
        (
            _key("source", "text", "the digits of scikit-learn", choices=(DIGITS,)),
            _key("held_out_every", "integer", "every so many-th image was held out of training", minimum=2),
            _key("maximum", "integer", "the brightest value of a pixel; pictures of another range are scaled to it",
                 255, minimum=1, maximum=255),
        ),
        (Place(SHORT, ("dataset",)),),
        {},
    ),
    Table(
        "`dataset` of your own pictures", "A folder of PNG, JPEG and `.npy`, and a file with their labels.",
        (
            _key("folder", "text", "the folder of the pictures, beside the network file"),
            _key("labels", "text", "the file with a line `filename,label` for each, beside the network file"),
            _key("held_out_every", "integer", "every so many-th line was held out of training", 1, minimum=1),
            _key("maximum", "integer", "the brightest value of a pixel; pictures are scaled to it", 255, minimum=1,
                 maximum=255),
            _key("order", "text", "the order of a pixel's three colours", BGR, choices=(BGR, RGB)), _LAYOUT,
        ),
        (Place(LAYERS, ("dataset",)),),
        {"folder": ("../pictures",), "labels": ("/labels.csv",)},
    ),
    Table(
        "`dataset` of your own arrays", "One array with all images, uint8, and one with their classes.",
        (
            _key("images", "text", "a `.npy` with uint8 [N, rows, columns, channels], beside the network file"),
            _key("labels", "text", "a `.npy` with N class numbers, beside the network file"),
            _key("held_out_every", "integer", "every so many-th image was held out of training", 1, minimum=1),
            _key("maximum", "integer", "the brightest value of a pixel; pictures that you classify later are scaled to "
                 "it, the array is taken as it is", 255, minimum=1, maximum=255),
            _key("order", "text", "the order of the three colours in pictures that you classify later", BGR,
                 choices=(BGR, RGB)), _LAYOUT,
        ),
        (Place(TWO_PATHS, ("dataset",)),),
        {"images": ("../images.npy", "images.npz"), "labels": ("labels.csv",)},
    ),
)  # fmt: skip
LIST = "list"
EVERY_BLOCK = Table(
    "Every block", "Keys of each item of `blocks`, beside those of its kind.", _BLOCK,
    (Place(TWO_PATHS, ("blocks", 0)),),
    {"name": ("2nd", "inoutdma"), "kind": ("haed",)},
)  # fmt: skip
GENERAL = (
    Table(
        "Block of kind `block`", "One path (`layers`), or two (`main`, `side`) that meet in a `join`.",
        (
            _key("before", LIST, "layers in front of the fork", None),
            _key("layers", LIST, "the layers of the only path; not together with `main`", None),
            _key("main", LIST, "the layers of the main path", None),
            _key("side", LIST, "the layers of the side path; none: the input itself", None),
            _key("join", _MAPPING, "how the two are added, see below", None),
            _key("after", LIST, "layers behind the join", None),
        ),
        (Place(TWO_PATHS, ("blocks", 0)), Place(LAYERS, ("blocks", 0))),
        {},
        _BLOCK,
    ),
    Table(
        "`join`", "The value `factors[0] * main + factors[1] * side`, which never saturates.",
        (_key("factors", "pair", f"two whole numbers from 1 to {MOST_FACTOR}", None, otherwise="1, 1"),),
        (Place(TWO_PATHS, ("blocks", 0, "join")),),
        {"factors": ([1], [0, 1], [1, MOST_FACTOR + 1])},
    ),
)  # fmt: skip
BASIC = Table(
    "Block of kind `basic`", "A short form: two 3x3 convolutions and a side path.",
    (
        _CHANNELS,
        _key("stride", "size", "that of `conv_a` and `conv_side`", 1, minimum=1, maximum=MOST_KERNEL),
        _key("weight_bits", "integer", "bits of all weights", 4, minimum=1, maximum=8),
        _key("bits", "integer", "bits of all activations", 4, minimum=1, maximum=8),
        *(_key(name, _MAPPING, f"keys of a `convolution` layer {what}", None) for name, what in (
            ("conv_a", "for the first convolution"), ("conv_b", "for the second"),
            ("conv_side", "for that of the side path, which the block then has in any case"))),
        *(_key(name, _MAPPING, f"keys of a `threshold` layer for the activation behind {what}", None)
          for name, what in (("act_a", "`conv_a`"), ("act_b", "`conv_b`"), ("act_side", "`conv_side`"),
                             ("act", "the join"))),
        _key("join", _MAPPING, "`factors`, as in a `block`", None),
    ),
    (Place(TWO_PATHS, ("blocks", 1)),),
    {},
        _BLOCK,
)  # fmt: skip
SHORT_FORMS = (
    Table(
        "Block of kind `stem`", "A convolution of the image, and a max pool.",
        (_key("conv0", _MAPPING, "the convolution, see below"),
         _key("max_pool", _MAPPING, "the pool, see below", None)),
        (Place(SHORT, ("blocks", 0)),),
        {},
        _BLOCK,
    ),
    Table(
        "`conv0` of a stem", "",
        (
            _CHANNELS, _KERNEL, _STRIDE, _PAD,
            _key("weight_bits", "integer", "bits of a weight", 8, minimum=1, maximum=16),
            _key("activation_bits", "integer", "bits of the output, unsigned", 2, minimum=1, maximum=8),
            *_OWN_FOLDING,
        ),
        (Place(SHORT, ("blocks", 0, "conv0")),),
        {**_NOT_DIVIDING, "pad": ([3, 0, 0, 0],), "kernel": (11,)},
    ),
    Table("`max_pool` of a stem", "", (_KERNEL, _STRIDE, _PAD), (Place(SHORT, ("blocks", 0, "max_pool")),),
          {"pad": ([3, 0, 0, 0],), "kernel": (11,)}),
    Table(
        "Block of kind `residual`", "Three convolutions with binary weights, and a side path.",
        (
            _key("branches", "integer", "1: the side path is the input; 2: it is `conv1`", choices=(1, 2)),
            _key("stride", "size", "that of `conv2a` and `conv1`; divides height and width", 1, minimum=1,
                 maximum=MOST_KERNEL),
            *(_key(name, _MAPPING, f"the {what}") for name, what in (("conv2a", "first convolution, 1x1"),
              ("conv2b", "second, 3x3, padded by one"), ("conv2c", "third, 1x1"))),
            _key("conv1", _MAPPING, "the 1x1 convolution of the side path", None, otherwise="required with 2 branches"),
        ),
        (Place(SHORT, ("blocks", 1)),),
        {"stride": (3,)},
        _BLOCK,
    ),
    Table(
        "Convolutions of a residual block", "", (_CHANNELS, *_OWN_FOLDING),
        tuple(Place(SHORT, ("blocks", 1, name)) for name in ("conv2a", "conv2b", "conv2c", "conv1")),
        _NOT_DIVIDING,
    ),
    Table(
        "Block of kind `head`", "Pool, fully connected layer with weights in card memory, top-k.",
        (
            _key("classes", "integer", "outputs of the layer", minimum=1, maximum=MOST_CHANNELS),
            _key("top", "integer", "how many indices come out, best first", 1, minimum=1, maximum=MOST_CHANNELS),
            _key("lanes", "integer", "channels that enter the pool at once; divides the channels", minimum=1),
            _key("simd", "integer", "channels multiplied at once; divides the channels", minimum=1),
            _key("weight_bits", "integer", "bits of a weight", 8, choices=(8,)),
            _key("fc_cache", "text", "`uram` reads the weights once per call and keeps them", FC_CACHES[0],
                 choices=FC_CACHES),
        ),
        (Place(SHORT, ("blocks", 2)),),
        {"top": (4,), "lanes": (7,), "simd": (7,)},
        _BLOCK,
    ),
)  # fmt: skip
_OF_LAYERS = (
    _key("name", "text", "a letter, then up to 39 letters, digits and `_`; no two alike in a block"),
    _key("type", "text", "the type"),
)
_WRONG_IN_LAYERS: Mapping[str, tuple[Any, ...]] = {
    "pe": (999,), "simd": (7,), "mmv": (7,),
    "pixels_in": (7,), "pad": ([3, 0, 0, 0],), "zero_point": (200,), "k": (4,), "kernel": (11,),
}  # fmt: skip
_POSITIONS = {each["name"]: position for position, each in enumerate(sample(LAYERS)["blocks"][0]["layers"])}
EVERY_LAYER = Table(
    "Every layer", "Keys of each layer, beside those of its type.", _OF_LAYERS,
    (Place(LAYERS, ("blocks", 0, "layers", 0)),),
    {"name": ("2nd", "input"), "type": ("convolutoin", "concat")},
)  # fmt: skip
LAYER_TABLES = tuple(
    Table(
        f"Layer of type `{each.name}`",
        f"{each.about[0].upper()}{each.about[1:]}.",
        each.keys,
        (Place(LAYERS, ("blocks", 0, "layers", _POSITIONS[each.name])),),
        _WRONG_IN_LAYERS,
        _OF_LAYERS,
    )
    for each in LAYER_TYPES.values()
)
BESIDE = (
    Table(
        "A folding file", "`NAME.yaml` beside the network's: another folding of it, with a name of its own.",
        (
            _key("name", "text", "as in a network file", None, otherwise="the file's"),
            _key("folding_of", "text", "the network that has the topology"),
            _key("blocks", _MAPPING, "by block: its layers or convolutions by name with the keys of their folding "
                 "(`pe`, `simd`, `mmv`, `pixels_in`, `threshold_pe`, `fc_cache`); of a head `lanes`, `simd`, "
                 "`fc_cache`"),
        ),
        (Place(FOLDING),),
        {"folding_of": ("sampel",), "blocks": (
            {"frnt": {}}, {"front": {"conv9": {"pe": 1}}}, {"front": {"convolution": {"channels": 4}}})},
    ),
    Table(
        "A file of FIFO depths", "`NETWORK.fifos.yaml` beside the network file, written by `doit fifos`.",
        (
            _key("blocks", _MAPPING, "by block and FIFO its depth in beats: at most its bound, at least what the core "
                 "needs to run", None, otherwise="required without `links`"),
            _key("links", _MAPPING, "depth by the port that a stream comes from, `BLOCK.PORT`: a power of two from "
                 f"{LINK_DEPTHS[0]} to {LINK_DEPTHS[-1]}", None),
        ),
        (Place(FIFOS),),
        {"blocks": ({"res9": {}}, {"res": {"main_fifo": 4}}, {"res": {"side_fifo": 0}}, {"res": {"side_fifo": 9999}}),
         "links": ({"res.output": 32}, {"res.output_r": 20})},
    ),
)  # fmt: skip
TABLES = (*FILE, EVERY_BLOCK, *GENERAL, EVERY_LAYER, *LAYER_TABLES, BASIC, *SHORT_FORMS, *BESIDE)
