//! Affine maps between coordinates in millimetres.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use typst::layout::Transform;

/// `x' = a·x + c·y + e`, `y' = b·x + d·y + f`, in the order in which OFD writes a CTM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
    pub(crate) d: f64,
    pub(crate) e: f64,
    pub(crate) f: f64,
}

impl Matrix {
    pub(crate) const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    pub(super) fn of(transform: Transform) -> Self {
        Self {
            a: transform.sx.get(),
            b: transform.ky.get(),
            c: transform.kx.get(),
            d: transform.sy.get(),
            e: transform.tx.to_mm(),
            f: transform.ty.to_mm(),
        }
    }

    /// The map that applies `inner` first and this one after it.
    pub(crate) fn after(self, inner: Self) -> Self {
        let (e, f) = self.apply(inner.e, inner.f);
        Self {
            a: self.a * inner.a + self.c * inner.b,
            b: self.b * inner.a + self.d * inner.b,
            c: self.a * inner.c + self.c * inner.d,
            d: self.b * inner.c + self.d * inner.d,
            e,
            f,
        }
    }

    pub(crate) fn moved(self, x: f64, y: f64) -> Self {
        self.after(Self { e: x, f: y, ..Self::IDENTITY })
    }

    pub(crate) fn scaled(self, x: f64, y: f64) -> Self {
        self.after(Self { a: x, d: y, ..Self::IDENTITY })
    }

    pub(crate) fn apply(self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }

    pub(crate) fn is_upright(self) -> bool {
        let near = |value: f64, target: f64| (value - target).abs() < 1e-6;
        near(self.a, 1.0) && near(self.b, 0.0) && near(self.c, 0.0) && near(self.d, 1.0)
    }

    /// By how much lengths grow, on average over the directions.
    pub(crate) fn scale(self) -> f64 {
        (self.a * self.d - self.b * self.c).abs().sqrt()
    }
}

/// Left, top, right and bottom of the points.
pub(crate) fn bounds(points: impl IntoIterator<Item = (f64, f64)>) -> (f64, f64, f64, f64) {
    points.into_iter().fold(
        (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY),
        |(left, top, right, bottom), (x, y)| (left.min(x), top.min(y), right.max(x), bottom.max(y)),
    )
}
