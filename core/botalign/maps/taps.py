"""The sum over the 64 neighbours of a position in a cubic spline, as vector instructions for compiled loops.

numba does not vectorise loops of four steps. These functions emit the instructions for vectors of four numbers, which
every processor has, and are inlined in the loops that call them.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: The four B-splines that are not zero between two samples, and their derivatives: coefficients of powers of the
#: position between the samples, highest power first.
VALUES = (
    (-1 / 6, 1 / 2, -1 / 2, 1 / 6),
    (1 / 2, -1.0, 1 / 2, 0.0),
    (-1 / 2, 0.0, 1 / 2, 0.0),
    (1 / 6, 2 / 3, 1 / 6, 0.0),
)
SLOPES = ((-1 / 2, 3 / 2, -3 / 2, 1 / 2), (1.0, -2.0, 1.0, 0.0), (-1 / 2, 0.0, 1 / 2, 0.0))

_FOUR = ir.VectorType(ir.FloatType(), 4)
_FUSED = ("contract",)
_THREE: Any = types.Tuple([types.float32] * 3)


def _value(typing_context: Any, flat: Any, corner: Any, row: Any, plane: Any, x: Any, y: Any, z: Any) -> Any:
    """Return the value of a spline.

    Parameters
    ----------
    flat : ndarray of float32, shape (n,)
        Flattened coefficients.
    corner : uintp
        Index of the first of the 64 coefficients.
    row, plane : uintp
        Number of coefficients in a row and in a plane.
    x, y, z : float32
        Position relative to the second coefficient of each axis, 0 to 1.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        neighbours = _Neighbours(context, builder, signature, arguments)
        along_x, along_y, along_z = (neighbours.polynomials(VALUES, at) for at in arguments[4:])
        total = neighbours.summed(along_z, lambda k: neighbours.summed(along_y, lambda j: neighbours.line(k, j)))
        return neighbours.dot(along_x, total)

    return types.float32(flat, corner, row, plane, x, y, z), generate


def _gradient(typing_context: Any, flat: Any, corner: Any, row: Any, plane: Any, x: Any, y: Any, z: Any) -> Any:
    """Return the derivatives of a spline along ``x, y, z``, per voxel; see :func:`_value`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        neighbours = _Neighbours(context, builder, signature, arguments)
        values, slopes = ([neighbours.polynomials(powers, at) for at in arguments[4:]] for powers in (VALUES, SLOPES))
        lines = [[neighbours.line(k, j) for j in range(4)] for k in range(4)]
        planes = [neighbours.summed(values[1], line.__getitem__) for line in lines]
        sloping = [neighbours.summed(slopes[1], line.__getitem__) for line in lines]
        found = [
            neighbours.dot(slopes[0], neighbours.summed(values[2], planes.__getitem__)),
            neighbours.dot(values[0], neighbours.summed(values[2], sloping.__getitem__)),
            neighbours.dot(values[0], neighbours.summed(slopes[2], planes.__getitem__)),
        ]
        return context.make_tuple(builder, signature.return_type, found)

    return _THREE(flat, corner, row, plane, x, y, z), generate


#: The functions to call in compiled loops, with the arguments after the first.
spline_value: Any = intrinsic(_value)
spline_gradient: Any = intrinsic(_gradient)


class _Neighbours:
    """The 64 coefficients around a position, in 16 lines of four along x."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.builder = builder
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        self.first = builder.gep(array.data, [arguments[1]])
        self.row, self.plane = arguments[2:4]

    def line(self, k: int, j: int) -> Any:
        """Return four coefficients."""
        builder = self.builder
        steps = [builder.mul(stride, ir.Constant(stride.type, n)) for stride, n in ((self.plane, k), (self.row, j))]
        start = builder.gep(self.first, [builder.add(*steps)])
        return builder.load(builder.bitcast(start, ir.PointerType(_FOUR)), align=4)

    def polynomials(self, powers: tuple[tuple[float, ...], ...], at: Any) -> Any:
        """Return four polynomials at one position, by the scheme of Horner."""
        total, position = _constant(powers[0]), self.spread(at)
        for coefficients in powers[1:]:
            total = self.fused(total, position, _constant(coefficients))
        return total

    def summed(self, weights: Any, vector: Any) -> Any:
        """Return the sum of four vectors, each multiplied by one of four weights."""
        builder, total = self.builder, None
        for n in range(4):
            mask = ir.Constant(ir.VectorType(ir.IntType(32), 4), [n] * 4)
            weight = builder.shuffle_vector(weights, ir.Constant(_FOUR, ir.Undefined), mask)
            total = builder.fmul(weight, vector(n)) if total is None else self.fused(weight, vector(n), total)
        return total

    def fused(self, first: Any, second: Any, third: Any) -> Any:
        return self.builder.fadd(self.builder.fmul(first, second, flags=_FUSED), third, flags=_FUSED)

    def dot(self, first: Any, second: Any) -> Any:
        """Return the sum of products of two vectors."""
        builder = self.builder
        products = builder.fmul(first, second)
        a, b, c, d = (builder.extract_element(products, ir.Constant(ir.IntType(32), n)) for n in range(4))
        return builder.fadd(builder.fadd(a, b), builder.fadd(c, d))

    def spread(self, value: Any) -> Any:
        """Return a vector of one number."""
        vector = self.builder.insert_element(ir.Constant(_FOUR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), 4), [0] * 4)
        return self.builder.shuffle_vector(vector, ir.Constant(_FOUR, ir.Undefined), mask)


def _constant(numbers: tuple[float, ...]) -> Any:
    return ir.Constant(_FOUR, [ir.Constant(ir.FloatType(), number) for number in numbers])
