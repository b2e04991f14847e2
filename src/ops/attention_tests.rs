use super::super::gradient_check::{check_twice, numbers};
use super::*;
use crate::dtype::Bool;
use crate::tensor::Tensor;

fn booleans(shape: &[usize], every: usize) -> Value {
    let n = shape.iter().product();
    let data: Vec<Bool> = (0..n).map(|i| Bool::from(i % every != 0)).collect();
    Tensor::from_slice(shape, &data).unwrap().into()
}

#[test]
fn gradients_agree_with_central_differences() {
    let key: Value = Tensor::from_slice(&[2], &[3_i64, 5]).unwrap().into();
    // Every sixth pair is not seen: with five keys queries see some; a mask of zeros shows what sees nothing.
    let mask = booleans(&[2, 1, 3, 5], 6);
    let none = booleans(&[1, 1, 3, 1], 3);
    for (heads, key_heads) in [(2, 2), (4, 2)] {
        let inputs = [
            numbers(&[2, 3, heads, 4], 1),
            numbers(&[2, 5, key_heads, 4], 2),
            numbers(&[2, 5, key_heads, 3], 3),
            numbers(&[1, heads, 3, 5], 4),
        ];
        let cases = [
            AttentionExtras::default(),
            AttentionExtras {
                causal: true,
                ..Default::default()
            },
            AttentionExtras {
                mask: Some(&mask),
                ..Default::default()
            },
            AttentionExtras {
                mask: Some(&none),
                ..Default::default()
            },
            AttentionExtras {
                mask: Some(&none),
                causal: true,
                empty_is_zero: true,
                ..Default::default()
            },
            AttentionExtras {
                dropout: Some((&key, 0.4)),
                ..Default::default()
            },
            AttentionExtras {
                dropout: Some((&key, 0.4)),
                mask: Some(&mask),
                causal: true,
                ..Default::default()
            },
        ];
        for extras in &cases {
            check_twice(&inputs[..3], |x| {
                dot_product_attention(&x[0], &x[1], &x[2], 0.7, extras)
            });
            check_twice(&inputs, |x| {
                let extras = AttentionExtras {
                    bias: Some(&x[3]),
                    ..*extras
                };
                dot_product_attention(&x[0], &x[1], &x[2], 0.7, &extras)
            });
        }
    }
}

#[test]
fn errors_name_the_shapes() {
    let spec = |dims: &[usize]| Spec::known(DType::F32, dims);
    let plain = Settings {
        scale: 1.0,
        causal: false,
        empty_is_zero: false,
        bias: false,
        mask: false,
        rate: None,
    };
    let op = Attention(plain);
    let q = spec(&[2, 3, 4, 5]);
    let e = op
        .infer(&[q.clone(), spec(&[2, 6, 3, 5]), spec(&[2, 6, 3, 5])])
        .unwrap_err()
        .to_string();
    assert!(
        e.contains("divides the query's") && e.contains("key (2, 6, 3, 5)"),
        "{e}"
    );
    let e = op
        .infer(&[q.clone(), q.clone(), spec(&[2, 3])])
        .unwrap_err()
        .to_string();
    assert!(e.contains("rank 4"), "{e}");
    let masked = Attention(Settings { mask: true, ..plain });
    let wrong = spec(&[2, 4, 3, 2]).with_dtype(DType::Bool);
    let e = masked
        .infer(&[q.clone(), q.clone(), q.clone(), wrong])
        .unwrap_err()
        .to_string();
    assert!(e.contains("(2, 4, 3, 3)") && e.contains("(2, 4, 3, 2)"), "{e}");
    let open = Spec::new(DType::F32, [None, None, Some(4), Some(5)]);
    let y = op.infer(&[open.clone(), open.clone(), open]).unwrap();
    assert_eq!(y[0].dims.as_slice(), &[None, None, Some(4), Some(5)]);
}
