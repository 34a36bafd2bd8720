#!/usr/bin/env python3
"""Makes the hostile corpus: one small folder a reason, in cases/.

Needs Python's standard library alone. A folder holds only what differs from a good
model: the test lays it over ../models/llama (over ../models/llama-bin where it holds
pytorch_model.bin, over ../models/olmo2-sharded where it holds an index). The message
that is expected of each stands in expected.txt.
"""
import io, json, os, shutil, struct, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases")
MODELS = os.path.join(HERE, "..", "models")


def put(case, name, data):
    os.makedirs(os.path.join(CASES, case), exist_ok=True)
    with open(os.path.join(CASES, case, name), "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


# safetensors ----------------------------------------------------------------

def safetensors(header, data=b"", length=None):
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return u64(len(text) if length is None else length) + text + data


def tensor(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


BIG = 1 << 40
HUGE = 1 << 63
ESCAPES = "a\n\x1b[31mroot\x1b[0m\r\x07\x9b2J\u202e\x00\x7f"

for name, data in {
    "safetensors-length-2-40": safetensors({}, length=BIG),
    "safetensors-length-2-63": safetensors({}, length=HUGE),
    "safetensors-length-2-64": safetensors({}, length=(1 << 64) - 1),
    "safetensors-length-past-end": safetensors({}, length=1000),
    "safetensors-end-2-40": safetensors({"a": tensor([4], 0, BIG)}, b"0" * 16),
    "safetensors-end-2-63": safetensors({"a": tensor([4], 0, HUGE)}, b"0" * 16),
    "safetensors-end-wraps": safetensors({"a": tensor([4], 16, (1 << 63) - 1)}, b"0" * 16),
    "safetensors-overlap": safetensors({"a": tensor([4], 0, 16), "b": tensor([4], 8, 24)}, b"0" * 24),
    "safetensors-same-bytes": safetensors({"a": tensor([4], 0, 16), "b": tensor([4], 0, 16)}, b"0" * 16),
    "safetensors-gap": safetensors({"a": tensor([4], 0, 16), "b": tensor([4], 24, 40)}, b"0" * 40),
    "safetensors-backwards": safetensors({"a": tensor([4], 16, 0)}, b"0" * 16),
    "safetensors-negative": safetensors('{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}', b"0" * 16),
    "safetensors-negative-offset": safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}', b"0" * 16),
    "safetensors-shape-overflows": safetensors({"a": tensor([BIG, BIG], 0, 0)}),
    "safetensors-shape-wraps-to-4": safetensors({"a": tensor([(1 << 62) + 1, 4], 0, 16)}, b"0" * 16),
    "safetensors-shape-of-zero": safetensors({"a": tensor([0, BIG, BIG], 0, 0)}),
    "safetensors-fraction": safetensors('{"a":{"dtype":"F32","shape":[4.5],"data_offsets":[0,18]}}', b"0" * 18),
    "safetensors-exponent": safetensors('{"a":{"dtype":"F32","shape":[4e0],"data_offsets":[0,16]}}', b"0" * 16),
    "safetensors-bytes-behind": safetensors({"a": tensor([4], 0, 16)}, b"0" * 99),
    "safetensors-name-twice": safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}', b"0" * 32),
    "safetensors-name-twice-escaped": safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"\\u0061":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}', b"0" * 32),
    "safetensors-member-twice": safetensors('{"a":{"dtype":"F32","dtype":"I8","shape":[4],"data_offsets":[0,16]}}', b"0" * 16),
    "safetensors-member-unknown": safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"code":"import os"}}', b"0" * 16),
    "safetensors-dtype-unknown": safetensors({"a": tensor([4], 0, 16, "F33")}, b"0" * 16),
    "safetensors-deep": safetensors('{"a":' + "[" * 20000, b"0" * 16),
    "safetensors-long-shape": safetensors({"a": tensor([1] * 5000, 0, 4)}, b"0" * 4),
    "safetensors-no-json": safetensors("{" + "\xff" * 20, b"0" * 16),
    "safetensors-bad-utf8": u64(10) + b'{"\xff\xfe": {}}',
    "safetensors-two-values": safetensors('{}{"a":1}'),
    "safetensors-escapes-dtype": safetensors({"a": tensor([4], 0, 16, ESCAPES)}, b"0" * 16),
    "safetensors-path-name": safetensors({"../../../etc/passwd": tensor([4], 0, 16)}, b"0" * 16),
    "safetensors-empty-name": safetensors({"": tensor([4], 0, 16)}, b"0" * 16),
}.items():
    put(name, "model.safetensors", data)

with open(os.path.join(MODELS, "llama", "model.safetensors"), "rb") as f:
    real = f.read()
size = struct.unpack("<Q", real[:8])[0]
header = json.loads(real[8:8 + size])
put("safetensors-escapes", "model.safetensors",
    safetensors({k.replace("model.norm.weight", ESCAPES): v for k, v in header.items()}, real[8 + size:]))

# config.json, index, tokenizer.json ------------------------------------------

with open(os.path.join(MODELS, "llama", "config.json")) as f:
    CONFIG = json.load(f)


def config(**changes):
    return json.dumps(dict(CONFIG, **changes))


for name, text in {
    "config-name-twice": config()[:-1] + ', "hidden_size": 8}',
    "config-name-twice-inside": config()[:-1] + ', "x": {"y": 1, "y": 2}}',
    "config-deep": '{"a":' + "[" * 50000 + "]" * 50000 + "}",
    "config-list": "[1, 2]",
    "config-cut": config()[:100],
    "config-nan": config(rms_norm_eps=0)[:-1] + ', "rope_theta": NaN}',
    "config-huge-float": config()[:-1] + ', "rope_theta": 1e999}',
    "config-layers-100000": config(num_hidden_layers=100000),
    "config-layers-2-62": config(num_hidden_layers=1 << 62),
    "config-layers-negative": config(num_hidden_layers=-1),
    "config-layers-zero": config(num_hidden_layers=0),
    "config-heads-zero": config(num_attention_heads=0, head_dim=None),
    "config-heads-2-52": config(num_attention_heads=1 << 52, head_dim=None),
    "config-hidden-2-52": config(hidden_size=1 << 52),
    "config-vocab-2-62": config(vocab_size=1 << 62),
    "config-escapes": config(model_type=ESCAPES),
    "config-escapes-value": config(hidden_act=ESCAPES),
    "config-escapes-rope": config(rope_parameters={"rope_type": ESCAPES}),
    "config-object-for-number": config(hidden_size={"a": [1]}),
    "config-web-page": "<!DOCTYPE html><html><body>404</body></html>",
    "config-binary": bytes(range(256)),
}.items():
    put(name, "config.json", text)


def index(weight_map, **metadata):
    return json.dumps({"metadata": metadata, "weight_map": weight_map})


for name, text in {
    "index-outside": index({"a": "../llama/model.safetensors"}),
    "index-absolute": index({"a": "/etc/passwd"}),
    "index-itself": index({"a": "model.safetensors.index.json"}),
    "index-config": index({"a": "config.json"}),
    "index-dot": index({"a": "."}),
    "index-nul": index({"a": "model\x00.safetensors"}),
    "index-escapes": index({ESCAPES: ESCAPES}),
    "index-twice": '{"weight_map": {"a": "model-00001-of-00003.safetensors", "a": "model-00002-of-00003.safetensors"}}',
    "index-missing-shards": index({"t%d" % i: "x%s.safetensors" % "".join(chr(97 + int(c)) for c in str(i)) for i in range(3000)}),
    "index-empty": index({}),
    "index-list": "[]",
    "index-number": '{"weight_map": {"a": 1}}',
}.items():
    put(name, "model.safetensors.index.json", text)

for name, text in {
    "tokenizer-member-twice": '{"model": {"vocab": {"a": 0}, "merges": []}, "model": {"vocab": {}}}',
    "tokenizer-deep": '{"model": {"vocab": ' + "[" * 50000,
    "tokenizer-deep-inside": '{"model": {"x": ' + "[" * 50000,
    "tokenizer-no-vocab": '{"model": {}}',
    "tokenizer-id-huge": '{"model": {"vocab": {"a": 99999999999999999999}, "merges": []}}',
    "tokenizer-id-negative": '{"model": {"vocab": {"a": -1}, "merges": []}}',
    "tokenizer-id-2-32": '{"model": {"vocab": {"a": 4294967296}, "merges": []}}',
    "tokenizer-escapes": json.dumps({"model": {"vocab": {ESCAPES: "x"}, "merges": []}}),
    "tokenizer-escapes-merge": json.dumps({"model": {"vocab": {}, "merges": [ESCAPES]}}),
    "tokenizer-escapes-type": json.dumps({"normalizer": {"type": ESCAPES}}),
    "tokenizer-escapes-section": json.dumps({ESCAPES: 1}),
    "tokenizer-cut": '{"model": {"vocab": {"a": 0, "b": ',
    "tokenizer-version": '{"version": "2.0"}',
    "tokenizer-merge-unknown": '{"model": {"vocab": {"a": 0}, "merges": ["qq ww"]}}',
    "tokenizer-type-unknown": '{"model": {"type": "Foo", "vocab": {"a": 0}, "merges": []}}',
    "tokenizer-part-unknown": '{"pre_tokenizer": {"type": "Nope"}}',
    "tokenizer-added-token": '{"added_tokens": [{"id": 91, "content": "<zz>"}]}',
}.items():
    put(name, "tokenizer.json", text)

# torch's files ----------------------------------------------------------------

PROTO = b"\x80\x02"


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return b"X" + u32(len(s)) + s


def number(n):
    if 0 <= n < 256:
        return b"K" + bytes([n])
    if -(1 << 31) <= n < 1 << 31:
        return b"J" + struct.pack("<i", n)
    data = n.to_bytes((n.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def storage(numel=4, key="0", cls="FloatStorage"):
    return b"(" + text("storage") + b"ctorch\n" + cls.encode() + b"\n" + text(key) + text("cpu") + number(numel) + b"tQ"


def numbers(list):
    return b"(" + b"".join(number(n) for n in list) + b"t"


HOOKS = b"ccollections\nOrderedDict\n)R"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def torch_tensor(offset=0, shape=(4,), stride=(1,), where=None):
    return REBUILD + b"(" + (where or storage()) + number(offset) + numbers(shape) + numbers(stride) + b"\x89" + HOOKS + b"tR"


def dict_of(*pairs):
    return PROTO + b"}(" + b"".join(text(k) + v for k, v in pairs) + b"u."


GOOD = dict_of(("a", torch_tensor()))


def archive(pickle=GOOD, entries=(("a/data/0", b"0123456789abcdef"),), **kw):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **kw) as z:
        for name, data in (("a/data.pkl", pickle),) + tuple(entries) + (("a/version", b"3\n"),):
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, kw.get("compression", zipfile.ZIP_STORED))
    return out.getvalue()


LEGACY = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}X\x0d\x00\x00\x00little_endian\x88s."


def legacy(pickle=GOOD, keys=("0",), tail=u64(4) + b"0123456789abcdef"):
    pickle = pickle.replace(b"\x04tQ", b"\x04NtQ").replace(number(1 << 60) + b"tQ", number(1 << 60) + b"NtQ")  # a storage here says that it is no view
    return LEGACY + pickle + PROTO + b"](" + b"".join(text(k) for k in keys) + b"e." + tail


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


def central(data, name):
    """Where the directory's record of an entry starts."""
    return data.rindex(name) - 46


SYSTEM = {
    "global": PROTO + b"cos\nsystem\n" + text("id") + b"\x85R.",
    "posix": PROTO + b"cposix\nsystem\n" + text("id") + b"\x85R.",
    "nt": PROTO + b"cnt\nsystem\n" + text("id") + b"\x85R.",
    "stack-global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
    "stack-global-memo": b"\x80\x04\x8c\x06system\x94\x8c\x02os\x94h\x01h\x00\x93\x8c\x02id\x85R.",
    "stack-global-long": b"\x80\x04" + text("os") + text("system") + b"\x93\x8c\x02id\x85R.",
    "inst": PROTO + b"(" + text("id") + b"ios\nsystem\n.",
    "obj": PROTO + b"(cos\nsystem\n" + text("id") + b"o.",
    "newobj": PROTO + b"cos\nsystem\n" + text("id") + b"\x85\x81.",
    "newobj-ex": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85}\x92.",
    "build": PROTO + b"cos\nsystem\n}" + text("__setstate__") + b"cos\nsystem\nsb.",
    "inside-tensor": dict_of(("a", REBUILD + b"(" + storage() + b"cos\nsystem\n" + text("id") + b"\x85Rt R")),
    "in-hooks": dict_of(("a", torch_tensor()[:-2] + b"cos\nsystem\n" + text("id") + b"\x85RtR")),
    "as-rebuild": dict_of(("a", b"cos\nsystem\n" + text("id") + b"\x85R")),
    "from-type": dict_of(("a", b"ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n" + text("id") + b"\x85}tR")),
    "as-storage": dict_of(("a", b"(" + text("storage") + b"cos\nsystem\n" + text("0") + text("cpu") + number(4) + b"tQ")),
    "eval": PROTO + b"cbuiltins\neval\n" + text("__import__('os').system('id')") + b"\x85R.",
    "exec-python2": PROTO + b"c__builtin__\nexec\n" + text("import os") + b"\x85R.",
    "getattr": PROTO + b"cbuiltins\ngetattr\n(cos\npath\n" + text("os") + b"tR.",
    "import": PROTO + b"cbuiltins\n__import__\n" + text("os") + b"\x85R.",
    "subprocess": PROTO + b"csubprocess\nPopen\n" + text("id") + b"\x85R.",
    "runpy": PROTO + b"crunpy\n_run_code\n" + text("id") + b"\x85R.",
    "pty": PROTO + b"cpty\nspawn\n" + text("id") + b"\x85R.",
    "torch-load": PROTO + b"ctorch\nload\n" + text("/etc/passwd") + b"\x85R.",
    "torch-hub": PROTO + b"ctorch.hub\nload\n" + text("a") + b"\x85R.",
    "torch-inductor": PROTO + b"ctorch._inductor.codecache\ncompile_file\n" + text("a") + b"\x85R.",
    "dotted": b"\x80\x04\x8c\x05torch\x8c\x0ctypes.sys.os\x93.",
    "dotted-utils": b"\x80\x04\x8c\x0ctorch._utils\x8c\x13sys.modules.popitem\x93.",
    "copyreg": PROTO + b"ccopyreg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
    "numpy": PROTO + b"cnumpy\nload\n" + text("x") + b"\x85R.",
    "extension": PROTO + b"\x82\x01.",
    "persid": PROTO + b"Pos.system\n.",
    "newline-in-name": b"\x80\x04" + text("os\nsystem") + text("x") + b"\x93.",
    "escape-in-name": b"\x80\x04" + text("os\x1b[2J") + text("system") + b"\x93.",
}
for name, pickle in SYSTEM.items():
    put("pickle-system-" + name, "pytorch_model.bin", archive(pickle))
for name in ("global", "stack-global-memo", "eval"):
    put("legacy-system-" + name, "pytorch_model.bin", legacy(SYSTEM[name]))
put("legacy-system-in-preamble", "pytorch_model.bin",
    LEGACY.replace(b"}X\x0d\x00\x00\x00little_endian\x88s", b"cos\nsystem\n" + text("id") + b"\x85R") + GOOD)
put("legacy-system-in-keys", "pytorch_model.bin", LEGACY + GOOD.replace(b"\x04tQ", b"\x04NtQ") + SYSTEM["global"])

for name, pickle in {
    "binbytes8-2-62": b"\x80\x04\x8e" + u64(1 << 62),
    "binbytes8-2-63": b"\x80\x04\x8e" + u64(HUGE),
    "bytearray8-2-40": b"\x80\x05\x96" + u64(BIG),
    "binunicode8-2-40": b"\x80\x04\x8d" + u64(BIG),
    "long4-2-30": PROTO + b"\x8b" + u32(1 << 30),
    "frame-2-62": b"\x80\x04\x95" + u64(1 << 62) + b"}.",
    "binunicode-2-32": PROTO + b"X" + u32((1 << 32) - 1),
    "binstring-negative": PROTO + b"T" + u32((1 << 32) - 1),
    "dup": PROTO + b"}2.",
    "pop": PROTO + b"}}0.",
    "pop-mark": PROTO + b"}(1.",
    "get-put": b"}p1\n0g1\n.",
    "frozenset": b"\x80\x04(\x91.",
    "no-opcode": PROTO + b"\xff.",
    "protocol-200": b"\x80\xc8}.",
    "deep-marks": PROTO + b"(" * 5000,
    "deep-lists": PROTO + b"]" * 50000 + b"a" * 49999 + b".",
    "deep-tuples": PROTO + b"}" + text("a") + b")" + b"\x85" * 50000 + b"s.",
    "memo-never-set": PROTO + b"h\x05.",
    "memo-far": PROTO + b"}r" + u32((1 << 32) - 1) + b"j" + u32((1 << 32) - 2) + b".",
    "recursive-list": PROTO + b"]q\x00h\x00a.",
    "recursive-dict": PROTO + b"}q\x00" + text("a") + b"h\x00s.",
    "recursive-key": PROTO + b"}q\x00h\x00h\x00s.",
    "not-a-tensor": dict_of(("a", number(1))),
    "class-of-ours": dict_of(("a", b"ctorch\nFloatStorage\n")),
    "class-called": dict_of(("a", b"ctorch\nFloatStorage\n)R")),
    "other-class": dict_of(("a", b"ctorch.nn.modules.linear\nLinear\n)R")),
    "name-twice": dict_of(("a", torch_tensor()), ("a", torch_tensor())),
    "escapes": dict_of((ESCAPES, number(1))),
    "escapes-tensor": dict_of((ESCAPES, torch_tensor())),
    "bad-utf8": PROTO + b"}" + text(b"\xff\xfe\x1b") + number(1) + b"s.",
    "int-key": PROTO + b"}" + number(1) + torch_tensor() + b"s.",
    "number-key": PROTO + b"}" + number(1 << 80) + torch_tensor() + b"s.",
    "no-stop": GOOD[:-1],
    "nothing": b"",
    "past-storage": dict_of(("a", torch_tensor(shape=(5,)))),
    "offset-past-storage": dict_of(("a", torch_tensor(offset=1))),
    "offset-2-62": dict_of(("a", torch_tensor(offset=1 << 62))),
    "offset-2-63": dict_of(("a", torch_tensor(offset=HUGE))),
    "offset-negative": dict_of(("a", torch_tensor(offset=-1))),
    "stride-past-storage": dict_of(("a", torch_tensor(shape=(2, 2), stride=(4, 1)))),
    "stride-negative": dict_of(("a", torch_tensor(stride=(-1,)))),
    "stride-product-2-63": dict_of(("a", torch_tensor(shape=(3, 3), stride=(1 << 62, 1 << 62)))),
    "stride-product-wraps": dict_of(("a", torch_tensor(shape=((1 << 32) + 1, 1), stride=(1 << 32, 1)))),
    "shape-negative": dict_of(("a", torch_tensor(shape=(-4,)))),
    "shape-product-2-64": dict_of(("a", torch_tensor(shape=(1 << 32, 1 << 32), stride=(0, 0)))),
    "shape-expanded-2-61": dict_of(("a", torch_tensor(shape=(1 << 61,), stride=(0,)))),
    "shape-and-stride-differ": dict_of(("a", torch_tensor(shape=(2, 2), stride=(1,)))),
    "shape-of-500": dict_of(("a", torch_tensor(shape=(1,) * 500, stride=(1,) * 500))),
    "storage-short": dict_of(("a", torch_tensor(where=storage(8), shape=(8,)))),
    "storage-long": dict_of(("a", torch_tensor(where=storage(2), shape=(2,)))),
    "storage-2-62": dict_of(("a", torch_tensor(where=storage(1 << 62)))),
    "storage-2-70": dict_of(("a", torch_tensor(where=storage(1 << 70)))),
    "storage-negative": dict_of(("a", torch_tensor(where=storage(-4)))),
    "storage-missing": dict_of(("a", torch_tensor(where=storage(key="9")))),
    "storage-path": dict_of(("a", torch_tensor(where=storage(key="../../../etc/passwd")))),
    "storage-absolute": dict_of(("a", torch_tensor(where=storage(key="/etc/passwd")))),
    "storage-escapes": dict_of(("a", torch_tensor(where=storage(key=ESCAPES)))),
    "storage-two-sizes": dict_of(("a", torch_tensor()), ("b", torch_tensor(where=storage(2), shape=(2,)))),
    "storage-two-dtypes": dict_of(("a", torch_tensor()), ("b", torch_tensor(where=storage(cls="IntStorage")))),
}.items():
    put("pickle-" + name, "pytorch_model.bin", archive(pickle))

# tensors of any size that share four elements: a checkpoint of 2 GB from 2 kB
def expanded(*shape):
    return torch_tensor(shape=shape, stride=(0,) * len(shape))


D, V, I = 4096, 32000, 11008
bomb = [("model.embed_tokens.weight", expanded(V, D)), ("lm_head.weight", expanded(V, D)), ("model.norm.weight", expanded(D))]
for name, shape in {"self_attn.q_proj": (D, D), "self_attn.k_proj": (D, D), "self_attn.v_proj": (D, D), "self_attn.o_proj": (D, D),
                    "mlp.gate_proj": (I, D), "mlp.up_proj": (I, D), "mlp.down_proj": (D, I),
                    "input_layernorm": (D,), "post_attention_layernorm": (D,)}.items():
    bomb.append(("model.layers.0.%s.weight" % name, expanded(*shape)))
put("expanded-bomb", "pytorch_model.bin", archive(dict_of(*bomb)))
put("expanded-bomb", "config.json", config(hidden_size=D, vocab_size=V, intermediate_size=I, num_hidden_layers=1, num_attention_heads=32,
                                            num_key_value_heads=32, head_dim=None, tie_word_embeddings=False))

good = archive()
directory = central(good, b"a/data.pkl")
end = len(good) - 22
for name, data in {
    "deflated": archive(compression=zipfile.ZIP_DEFLATED),
    "bomb": archive(entries=[("a/data/0", b"\0" * 20_000_000)], compression=zipfile.ZIP_DEFLATED),
    "bomb-pickle": archive(b"\x80\x02" + b"N" * 5_000_000, compression=zipfile.ZIP_DEFLATED),
    "dot-dot": archive(entries=[("a/data/0", b"0123456789abcdef"), ("a/../../../x", b"x")]),
    "dot-dot-first": archive(entries=[("../x", b"x"), ("a/data/0", b"0123456789abcdef")]),
    "absolute": archive(entries=[("a/data/0", b"0123456789abcdef"), ("/etc/x", b"x")]),
    "backslash": archive(entries=[("a/data/0", b"0123456789abcdef"), ("..\\x", b"x")]),
    "two-pickles": archive(entries=[("b/data.pkl", GOOD), ("a/data/0", b"0123456789abcdef")]),
    "another-case": archive(entries=[("a/data/0", b"0123456789abcdef"), ("a/DATA/0", b"fedcba9876543210")]),
    "no-version": archive().replace(b"a/version", b"a/versioN"),
    "no-pickle": archive().replace(b"data.pkl", b"data.pkk"),
    "encrypted": patched(good, directory + 8, b"\1"),
    "method-unknown": patched(good, directory + 10, b"\x63"),
    "checksum": patched(good, directory + 16, b"\1\2\3\4"),
    "size-2-32": patched(good, directory + 20, b"\xff\xff\xff\xfe\xff\xff\xff\xfe"),
    "two-sizes": patched(good, directory + 24, b"\1\0\0\0"),
    "entries-65535": patched(good, end + 8, b"\xff\xff\xff\xff"),
    "directory-size-2-32": patched(good, end + 12, b"\xff\xff\xff\xff"),
    "directory-elsewhere": patched(good, end + 16, b"\1"),
    "comment-too-long": patched(good, end + 20, b"\xff\xff"),
    "cut": good[:-30],
    "bytes-in-front": b"PK\x03\x04" + good,
    "script": archive(entries=[("a/constants.pkl", b"x")]),
    "big-endian": archive(entries=[("a/byteorder", b"big"), ("a/data/0", b"0123456789abcdef")]),
    "odd-byte-order": archive(entries=[("a/byteorder", ESCAPES.encode()), ("a/data/0", b"0123456789abcdef")]),
    "escapes": archive(entries=[("a/" + ESCAPES.replace("\0", ""), b"x"), ("a/" + ESCAPES.replace("\0", "").upper(), b"x")]).replace(b"ROOT", b"root").replace(b"a/A", b"a/a").replace(b"31M", b"31m").replace(b"0M", b"0m"),
}.items():
    put("zip-" + name, "pytorch_model.bin", data)

twice = archive(entries=[("a/data/0", b"0123456789abcdef"), ("a/data/1", b"x" * 16)])
put("zip-entry-twice", "pytorch_model.bin", twice.replace(b"a/data/1", b"a/data/0"))
both = archive(dict_of(("a", torch_tensor()), ("b", torch_tensor(where=storage(key="1")))), [("a/data/0", b"0" * 16), ("a/data/1", b"1" * 16)])
first, second = central(both, b"a/data/0"), central(both, b"a/data/1")
put("zip-overlap", "pytorch_model.bin", patched(both, second + 42, both[first + 42:first + 46]))
zip64 = u32(0x06064b50) + u64(44) + b"\x2d\0\x2d\0" + u32(0) * 2 + u64(1 << 62) * 2 + u64(BIG) + u64(directory) + u32(0x07064b50) + u32(0) + u64(end) + u32(1)
put("zip-entries-2-62", "pytorch_model.bin", good[:end] + zip64 + patched(good[end:], 8, b"\xff" * 12))
put("zip-end-2-63", "pytorch_model.bin", good[:end] + zip64[:-12] + u64(HUGE) + u32(1) + patched(good[end:], 8, b"\xff" * 12))
with open(os.path.join(MODELS, "llama-bin", "pytorch_model.bin"), "rb") as f:
    real = f.read()
at = real.index(b"PK\x07\x08")
put("zip-descriptor-checksum", "pytorch_model.bin", patched(real[:], at + 4, b"\0\0\0\0"))
put("zip-descriptor-size", "pytorch_model.bin", patched(real[:], at + 8, b"\xff\xff\xff\x7f"))
put("zip-descriptor-missing", "pytorch_model.bin", patched(real[:], at, b"XXXX"))

for name, data in {
    "count-2-63": legacy(tail=u64(HUGE) + b"0123456789abcdef"),
    "count-short": legacy(tail=u64(3) + b"0123456789abcdef"),
    "cut": legacy()[:-3],
    "bytes-behind": legacy() + b"x",
    "keys-missing": legacy(keys=()),
    "keys-twice": legacy(keys=("0", "0")),
    "keys-unknown": legacy(keys=("0", "1")),
    "storage-2-60": legacy(dict_of(("a", torch_tensor(where=storage(1 << 60))))),
    "view-past-storage": legacy(dict_of(("a", torch_tensor(where=storage()[:-2] + b"(" + text("v") + number(2) + number(3) + b"ttQ")))),
    "big-endian": LEGACY.replace(b"\x88s.", b"\x89s.") + GOOD,
    "no-byte-order": LEGACY.replace(b"little_endian", b"little_indian") + GOOD,
    "protocol-version": LEGACY.replace(b"M\xe9\x03", b"M\xe8\x03") + GOOD,
    "source-code": legacy(PROTO + b"(" + text("module") + b"ctorch.nn.modules.linear\nLinear\n" + text("x.py") + text("import os") + b"tQ."),
    "magic-alone": LEGACY[:16],
}.items():
    put("legacy-" + name, "pytorch_model.bin", data)

for name, data in {
    "is-tar": b"\0" * 257 + b"ustar" + b"\0" * 250,
    "is-gzip": b"\x1f\x8b\x08\0" * 10,
    "is-elf": b"\x7fELF" + b"\0" * 60,
    "is-text": ESCAPES * 5,
    "is-numpy": b"\x93NUMPY\1\0" + b"\0" * 40,
    "is-plain-pickle": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
    "is-zeros": b"\0" * 4096,
}.items():
    put(name, "pytorch_model.bin", data)

if __name__ == "__main__":
    print(len(os.listdir(CASES)), "cases")
