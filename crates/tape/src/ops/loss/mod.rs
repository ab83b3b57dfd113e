//! What training makes small.

pub mod affine_cross_entropy;
pub mod binary_cross_entropy;
pub mod binary_cross_entropy_with_logits;
pub mod cosine_similarity;
pub mod cross_entropy;
pub mod huber;
pub mod kl_divergence;
pub mod kl_divergence_log;
pub mod l1;
pub mod log_softmax;
pub mod nll;
pub mod smooth_l1;
pub mod softmax;
pub mod squared_error;
