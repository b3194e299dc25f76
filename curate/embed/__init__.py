"""Texts to vectors.

In: texts, and an encoder or its name (`encoders`). Out: one unit vector each, float32, shape
(n_texts, n_dims), so that a dot product is a cosine. A `VectorCache` keeps what was embedded,
by the hash of its content: a text is embedded once in the life of a project, also when the run
is killed half-way. Long texts are read in windows, never cut in silence.

``minilm`` (the default) comes with the package's requirements and needs no network; any other
name is handed to sentence-transformers. torch is imported when a text is first embedded.
"""

from curate.embed.cache import VectorCache
from curate.embed.embedder import Embedder, Tally, embed
from curate.embed.encoders import Encoder, encoder_named, encoders

__all__ = [
    "Embedder",
    "Encoder",
    "Tally",
    "VectorCache",
    "embed",
    "encoder_named",
    "encoders",
]
