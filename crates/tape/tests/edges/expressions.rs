//! The expressions of the golden file in the words of this crate.

use ndarray::aview1;
use tape::{Over, Var};

/// 1, 2, … along the last axis of `x`: against a cotangent of ones, a softmax has no gradient.
fn counting<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    let n = *x.shape().last().unwrap();
    x.tape().constant((1..=n).map(|k| k as f64).collect::<Vec<_>>())
}

/// What an expression means.
pub(crate) fn evaluate<'t>(expression: &str, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let (a, last) = (x[0], x[x.len() - 1]);
    let constant = |value: &[f64]| a.tape().constant(value);
    match expression {
        "relu(x)" => a.relu(),
        "abs(x)" => a.abs(),
        "sign(x)" => a.sign(),
        "leaky_relu(x)" => a.leaky_relu(0.01),
        "elu(x)" => a.elu(1.0),
        "gelu(x)" => a.gelu(),
        "silu(x)" => a.silu(),
        "softplus(x)" | "softplus(x, beta=1, threshold=20): linear above 20" => {
            a.softplus_with(1.0, 20.0)
        }
        "tanh(x)" | "tanh(x) near 0" => a.tanh(),
        "sigmoid(x)" => a.sigmoid(),
        "exp(x)" => a.exp(),
        "expm1(x)" => a.expm1(),
        "log(x)" => a.ln(),
        "log1p(x)" => a.log1p(),
        "sqrt(x)" => a.sqrt(),
        "rsqrt(x)" => a.rsqrt(),
        "square(x)" => a.square(),
        "reciprocal(x)" => a.reciprocal(),
        "sin(x)" => a.sin(),
        "cos(x)" => a.cos(),
        "neg(x)" => -a,
        "hardtanh(x)" => a.hard_tanh(),
        "relu6(x)" => a.relu6(),
        "logsigmoid(x)" => a.log_sigmoid(),
        "selu(x)" => a.selu(),
        "mish(x)" => a.mish(),
        "softsign(x)" => a.softsign(),
        "sum(w*softmax(x,0)), w=1..n" => a.softmax_axis(0) * counting(a),
        "sum(w*log_softmax(x,0)), w=1..n" => a.log_softmax_axis(0) * counting(a),
        "softmax(empty(0),0)" => a.softmax(),
        "log_softmax(x+m,0)[0], m=[0,-inf]" => {
            (a + constant(&[0.0, f64::NEG_INFINITY])).log_softmax().select(0, 0)
        }
        "logaddexp(a,b)" => a.logaddexp(last),
        "maximum(a,b)" => a.maximum(last),
        "minimum(a,b)" => a.minimum(last),
        "clamp(x,-1,1)" => a.clamp(-1.0, 1.0),
        "clamp(x,min=0)" => a.clamp(0.0, f64::INFINITY),
        "clamp(x,1,-1) (min>max)" => a.clamp(1.0, -1.0),
        "a/b" | "x/x" => a / last,
        "a*b" => a * last,
        "a-b" => a - last,
        "pow(a,b)" => a.pow(last),
        "0.0**b" => a.tape().constant(0.0).pow(a),
        "2**b" => a.tape().constant(2.0).pow(a),
        "bce_with_logits(x,y) none" => {
            a.binary_cross_entropy_with_logits(constant(&[0.0, 1.0, 0.0, 1.0, 0.5]))
        }
        "binary_cross_entropy(p,y) none (clamped at -100)" => {
            a.binary_cross_entropy(constant(&[0.0, 1.0, 0.0, 1.0]))
        }
        "huber_loss(x,0,delta=1) none" => a.huber(constant(&[0.0]), 1.0),
        "smooth_l1_loss(x,0,beta=0) none" => a.smooth_l1(constant(&[0.0]), 0.0),
        "l1_loss(x,0) none" => a.l1(constant(&[0.0])),
        "cross_entropy(x,[0])" => a.log_softmax().nll(&[0]),
        "cross_entropy(x,[0,1])" => a.log_softmax().nll(&[0, 1]) / 2.0,
        "cross_entropy(x,[-100,1]) mean" => {
            a.log_softmax().nll_weighted(&[0, 1], constant(&[0.0, 1.0]))
        }
        "layer_norm(x,(1,))" | "layer_norm(x,(3,))" => {
            a.layer_norm(1, None, None, 1e-5) * counting(a)
        }
        "cosine_similarity(a,b)" => a.cosine_similarity(last, 0, 1e-8),
        power if power.starts_with("x**") => a.powf(power[3..].parse().unwrap()),
        norm if norm.starts_with("vector_norm(x,") => {
            a.norm(norm[14..norm.len() - 1].parse().unwrap(), Over::all())
        }
        other => over_many(other, x),
    }
}

/// What joins, picks, sums or multiplies elements.
fn over_many<'t>(expression: &str, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let (a, last) = (x[0], x[x.len() - 1]);
    let zero = || a.tape().constant(0.0);
    match expression {
        "logsumexp(x,0)" | "logsumexp(empty(0),0)" => a.logsumexp(0),
        "amax(x,0)" => a.amax(0),
        "amax(empty(0,3),1)" => a.amax(1),
        "amin(x,0)" => a.amin(0),
        "max(x) (all)" => a.amax(Over::all()),
        "max(x,0).values" => a.max_axis(0).0,
        "sum(x)" | "sum(empty(0))" => a.sum(),
        "sum(empty(0,3),0)" => a.sum_axis(0),
        "sum(empty(0,3),1)" => a.sum_axis(1),
        "mean(x)" | "mean(empty(0))" => a.mean(),
        "prod(x)" | "prod(empty(0))" => a.prod(Over::all()),
        "cumsum(x,0)" | "cumsum(empty(0),0)" => a.cumsum(0),
        "std(x)" => a.std(Over::all(), 1.0),
        "var(x)" => a.var(Over::all(), 1.0),
        "var(x,unbiased=False)" => a.var(Over::all(), 0.0),
        "norm(x,2)" | "vector_norm(empty(0))" => a.norm(2.0, Over::all()),
        "sqrt(sum(x*x))" => (a * a).sum().sqrt(),
        "mse_loss(empty,empty)" => (a - last).square().mean(),
        "where(x>0,sqrt(x),0)" => a.sqrt().where_(&a.value().mapv(|x| x > 0.0), zero()),
        "where(x>0,sqrt(where(x>0,x,1)),0)" => {
            let positive = a.value().mapv(|x| x > 0.0);
            let guarded = a.where_(&positive, a.tape().constant(1.0));
            guarded.sqrt().where_(&positive, zero())
        }
        "cat([empty(0),x])" | "cat([empty(0,2),x],0)" => a.tape().concat(0, x),
        "reshape(empty(0,4),(2,0))" => a.reshape([2, 0]),
        "expand(x,(3,2))" => a.broadcast_to([3, 2]),
        "index_select(x,0,[])" => a.index_select(0, &[]),
        "index_select(x,0,[1,1,0,1])" => a.index_select(0, &[1, 1, 0, 1]),
        "gather(x,0,[0,0,2])" => a.gather(0, &aview1(&[0, 0, 2])),
        "empty(0,1)+ones(3)" | "scalar + (2,1)" => a + last,
        "x*x+x" => a * a + a,
        "x-x" => a - last, // of one input, the last is the first
        "x*detach(x)" => a * a.detach(),
        "A@A" => a.matmul(a),
        product if product.contains('@') => a.matmul(last),
        unknown => panic!("unknown expression {unknown}"),
    }
}
