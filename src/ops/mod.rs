//! The op set: one op or one family a file. Each file lists its ops by name in `OPS`; this index lists the files.

mod adaptive;
mod after;
mod arg_extreme;
mod arrange;
mod aspect;
mod attention;
mod attention_gradient;
mod attributes;
mod binary;
mod bits;
mod cast;
mod choices;
mod compare;
mod concatenate;
mod contract;
mod conv;
mod conv_transpose;
mod copy;
mod ctc;
mod dense;
mod einsum;
mod einsum_diagonal;
mod embedding_bag;
mod extent;
mod fft;
mod fold_at;
mod frames;
#[cfg(test)]
mod gradient_check;
#[cfg(test)]
mod gradient_rows;
#[cfg(test)]
mod gradient_tests;
mod index;
mod index_rows;
mod like;
mod linalg;
mod matmul;
mod norm;
mod norm_given;
mod norm_gradient;
mod one_hot;
mod op;
mod pad;
mod patches;
mod pool;
mod positions;
mod random;
mod recurrence;
mod recurrent;
mod reduce;
mod reduce_gradient;
mod repeat;
mod resample;
mod running;
mod samplers;
mod scatter;
mod search;
mod segments;
mod sizes;
mod slices;
mod slices_at;
mod softmax;
mod sort;
mod sum_to_like;
mod table;
mod triangle;
mod unary;
mod views;
mod window;

pub use adaptive::adaptive_max;
pub use arg_extreme::{argmax, argmin};
pub use arrange::{count_nonzero, diag, moveaxis, roll, slice, swapaxes, unstack};
pub use aspect::fit_aspect;
pub use attention::{AttentionExtras, dot_product_attention};
pub use attributes::Attributes;
pub use binary::*;
pub use cast::{cast, to_float, to_indices};
pub use choices::{categorical, dropout, shuffle};
pub use compare::*;
pub use concatenate::{concatenate, split, split_equally, stack};
pub use contract::tensordot;
pub use conv::{ConvOptions, conv};
pub use conv_transpose::{ConvTransposeOptions, conv_transpose};
pub use copy::Copy;
pub use dense::dense;
pub use einsum::einsum;
pub use extent::extent;
pub use fft::{fft, ifft, irfft, rfft};
pub use frames::{extract_sequences, overlap_add};
pub use index::{embedding, take, take_along_axis};
pub use index_rows::take_rows;
pub use like::{broadcast_like, broadcast_to, full_like, identity, ones_like, stop_gradient, zeros_like};
pub use linalg::{
    cholesky, det, eig, eigh, inv, lu_factor, matrix_rank, pinv, qr, slogdet, solve, solve_triangular, svd,
};
pub use matmul::{contract_rows, matmul, matmul_of};
pub use norm::{batch_normalization_training, layer_normalization};
pub use norm_given::batch_normalization;
pub use one_hot::one_hot;
pub use op::*;
pub use pad::{PadMode, pad};
pub use patches::{PatchOptions, fold_patches, patches};
pub use pool::{PoolOptions, average_pool, max_pool};
pub use random::{Draw, random, random_like};
pub use recurrent::{Kind, Settings, recurrent};
pub use reduce::{Axes, all, any, logsumexp, max, mean, min, prod, std, sum, var};
pub use repeat::{repeat, tile};
pub use resample::{Method, resample, upsample};
use running::cumprod_along;
pub use running::{cumprod, cumsum};
pub use scatter::{gather_at, scatter};
pub use search::nonzero;
pub use segments::segment_sum;
pub use slices::{flip, slice_axis, transpose};
pub use softmax::{
    log_softmax, sigmoid_crossentropy, softmax, softmax_crossentropy, sparse_softmax_crossentropy,
};
pub use sort::{argsort, in_top_k, sort, top_k};
pub use sum_to_like::sum_to_like;
pub use triangle::{tril, triu};
pub use unary::*;
pub use views::{expand_dims, ravel, reshape, reshape_like, reshape_tail, squeeze};
pub use window::{DataFormat, Padding, Sizes};

/// The op tables of all families.
static FAMILIES: &[&[(&str, OpFn)]] = &[
    adaptive::OPS,
    arrange::OPS,
    aspect::OPS,
    attention::OPS,
    binary::OPS[0],
    binary::OPS[1],
    bits::OPS,
    cast::OPS,
    choices::OPS,
    compare::OPS[0],
    compare::OPS[1],
    contract::OPS,
    conv::OPS,
    conv_transpose::OPS,
    ctc::OPS,
    dense::OPS,
    extent::OPS,
    fft::OPS,
    frames::OPS,
    einsum::OPS,
    index::OPS,
    one_hot::OPS,
    triangle::OPS,
    index_rows::OPS,
    like::OPS,
    linalg::OPS[0],
    linalg::OPS[1],
    linalg::OPS[2],
    linalg::OPS[3],
    linalg::OPS[4],
    linalg::OPS[5],
    linalg::OPS[6],
    linalg::OPS[7],
    linalg::OPS[8],
    matmul::OPS,
    crate::metrics::OPS,
    concatenate::OPS,
    pad::OPS,
    patches::OPS,
    repeat::OPS,
    resample::OPS,
    sizes::OPS,
    samplers::OPS,
    running::OPS,
    scatter::OPS,
    search::OPS,
    segments::OPS,
    slices::OPS,
    slices_at::OPS,
    norm::OPS,
    pool::OPS,
    positions::OPS,
    random::OPS,
    recurrent::OPS,
    arg_extreme::OPS,
    reduce::OPS,
    softmax::OPS,
    sort::OPS,
    unary::OPS[0],
    unary::OPS[1],
    views::OPS,
];

/// The op called `name`.
pub fn lookup(name: &str) -> Option<OpFn> {
    FAMILIES
        .iter()
        .flat_map(|f| f.iter())
        .find(|(n, _)| *n == name)
        .map(|(_, f)| *f)
}

/// Names of all ops, as Keras's `ops` has them.
pub fn names() -> Vec<&'static str> {
    FAMILIES.iter().flat_map(|f| f.iter().map(|(n, _)| *n)).collect()
}
