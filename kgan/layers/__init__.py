"""Layers that Keras lacks, or that are faster here; one per file."""

from kgan.layers.batch_normalization import BatchNormalization as BatchNormalization
from kgan.layers.bilinear_upsampling import BilinearUpsampling as BilinearUpsampling
from kgan.layers.branches import Branches as Branches
from kgan.layers.chroma_to_rgb import ChromaToRGB as ChromaToRGB
from kgan.layers.clip_images import ClipImages as ClipImages
from kgan.layers.conditional_batch_normalization import (
    ConditionalBatchNormalization as ConditionalBatchNormalization,
)
from kgan.layers.conv2d import Conv2D as Conv2D
from kgan.layers.conv2d_transpose import Conv2DTranspose as Conv2DTranspose
from kgan.layers.depth_to_space import DepthToSpace as DepthToSpace
from kgan.layers.dilated_conv2d import DilatedConv2D as DilatedConv2D
from kgan.layers.free_size import CropLike as CropLike, ReflectToMultiple as ReflectToMultiple
from kgan.layers.gated_activation import GatedActivation as GatedActivation
from kgan.layers.grouped_conv2d import GroupedConv2D as GroupedConv2D
from kgan.layers.instance_normalization import InstanceNormalization as InstanceNormalization
from kgan.layers.keep_known import KeepKnown as KeepKnown
from kgan.layers.leaky_relu import LeakyReLU as LeakyReLU
from kgan.layers.one_hot import OneHot as OneHot
from kgan.layers.pull_push import PullPush as PullPush
from kgan.layers.reflection_padding2d import ReflectionPadding2D as ReflectionPadding2D
from kgan.layers.spectral_normalization import SpectralNormalization as SpectralNormalization
from kgan.layers.up_sampling2d import UpSampling2D as UpSampling2D
