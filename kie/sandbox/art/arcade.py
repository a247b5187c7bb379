"""An endless row of plaster arches with the sun coming in from one side, by exact ray casting.

Lengths are metres: x to the right of the corridor's middle, y above its floor, z away from the eye. Walls
with an arched opening stand across the corridor at equal steps; each bay between them has one arched window
on the sunny side. Painted from the far end to the eye, every edge with its true coverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kie.sandbox.art import noise
from kie.sandbox.art.compose import Layer, Stage, smooth
from kie.sandbox.art.noise import Array
from kie.sandbox.art.palette import film, linear, mix

_HALF, _ROOF, _STEP, _THICK, _COUNT = 2.3, 5.2, 4.2, 0.75, 11


Point = tuple[Array, Array, Array]
Normal = tuple[Array | np.float32, Array | np.float32, Array | np.float32]


@dataclass(frozen=True)
class _Hall:
    stage: Stage
    eye: tuple[float, float]
    centre: tuple[float, float]
    focal: float
    first: float
    arch: tuple[float, float]
    window: tuple[float, float]
    sun: tuple[float, float, float]
    side: float
    ball: tuple[float, float, float, float]
    plaster: Array

    def at(self, z: Array | float, px: Array, py: Array) -> tuple[Array, Array]:
        """Where the line of sight through a pixel meets the depth z."""
        return (
            self.eye[0] + (px - self.centre[0]) / self.focal * z,
            self.eye[1] - (py - self.centre[1]) / self.focal * z,
        )


def arcade(stage: Stage) -> Iterator[Layer]:
    """The corridor beyond the first arch, then the first arch as a frame of its own."""
    hall = _hall(stage)
    picture = np.zeros((stage.height, stage.width, 3), np.float32)
    # Slivers that two surfaces leave between them show wall, only the last arch shows daylight.
    picture[...] = linear(mix(stage.palette.earth, stage.palette.haze, 0.5)) * np.float32(0.5)
    picture[_opening(hall, _COUNT - 1)] = linear(stage.palette.light) * np.float32(1.6)
    for index in range(_COUNT - 1, 0, -1):
        _segment(hall, index, picture)
    _bay(hall, 0, picture, *_opening(hall, 0))
    if hall.ball[3] > 0:
        _ball(hall, picture)
    yield Layer(film(picture, 1.05), near=0.35)
    front = np.full_like(picture, -1.0)
    rows, columns = slice(0, stage.height), slice(0, stage.width)
    _wall(hall, 0, front, rows, columns)
    _bay(hall, -1, front, rows, columns)
    cover = _cover(hall)
    yield Layer(film(np.maximum(front, 0), 1.05), cover, near=0.6)


def _hall(stage: Stage) -> _Hall:
    dice, family = stage.chance("hall"), stage.chance("hall family", shared=True)
    side = 1.0 if stage.take % 2 == 0 else -1.0
    across = stage.width * (0.5 + side * dice.uniform(0.02, 0.15))
    down = stage.height * dice.uniform(0.54, 0.62)
    half = family.uniform(1.35, 1.7)
    high = dice.uniform(0.34, 0.68)
    sun = np.array([side * 1.0, high, dice.uniform(0.15, 0.6)])
    sun /= np.linalg.norm(sun)
    round_ball = stage.take in (1, 2) or "ball" in stage.words or "sphere" in stage.words
    radius = float(dice.uniform(0.5, 0.62)) if round_ball else 0.0
    ball = (float(side * dice.uniform(-0.55, -0.25)), radius, float(dice.uniform(4.6, 5.4)), radius)
    return _Hall(
        stage,
        (float(side * dice.uniform(-0.5, -0.1)), float(dice.uniform(1.35, 1.7))),
        (float(across), float(down)),
        stage.unit * float(dice.uniform(0.72, 0.86)),
        float(dice.uniform(2.7, 3.4)),
        (float(half), float(family.uniform(2.1, 2.6))),
        (float(family.uniform(0.85, 1.15)), float(family.uniform(1.9, 2.5))),
        (float(sun[0]), float(sun[1]), float(sun[2])),
        side,
        ball,
        noise.tile(512, stage.number("plaster"), slope=1.25, lowest=2),
    )


def _arch(u: Array, y: Array, shape: tuple[float, float]) -> Array:
    """Distance to the outline of an arched opening, negative inside; `shape` is half width and spring."""
    return np.where(y < shape[1], np.abs(u) - shape[0], np.sqrt(u * u + (y - shape[1]) ** 2) - shape[0])


def _front(hall: _Hall, index: int) -> float:
    return hall.first + _STEP * index


def _opening(hall: _Hall, index: int) -> tuple[slice, slice]:
    """Rows and columns of the frame that one sees through an arch; may be empty."""
    scale = hall.focal / _front(hall, index)
    left = hall.centre[0] + (-hall.arch[0] - hall.eye[0]) * scale
    right = hall.centre[0] + (hall.arch[0] - hall.eye[0]) * scale
    top = hall.centre[1] - (sum(hall.arch) - hall.eye[1]) * scale
    bottom = hall.centre[1] + hall.eye[1] * scale
    high, wide = hall.stage.height, hall.stage.width
    rows = slice(int(np.clip(top - 2, 0, high)), int(np.clip(bottom + 3, 0, high)))
    return rows, slice(int(np.clip(left - 2, 0, wide)), int(np.clip(right + 3, 0, wide)))


def _segment(hall: _Hall, index: int, picture: Array) -> None:
    """One bay through its arch, then the wall with that arch through the nearer one."""
    _bay(hall, index, picture, *_opening(hall, index))
    _wall(hall, index, picture, *_opening(hall, index - 1))


def _pixels(rows: slice, columns: slice) -> tuple[Array, Array]:
    px = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + 0.5
    py = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5
    return px, py


def _bay(hall: _Hall, index: int, picture: Array, rows: slice, columns: slice) -> None:
    """Floor, side walls and ceiling as far as the next wall."""
    px, py = _pixels(rows, columns)
    dx, dy = (px - hall.centre[0]) / hall.focal, (py - hall.centre[1]) / hall.focal
    tiny = np.float32(1e-5)
    floor = np.where(dy > tiny, hall.eye[1] / np.maximum(dy, tiny), 1e6)
    roof = np.where(dy < -tiny, (_ROOF - hall.eye[1]) / np.maximum(-dy, tiny), 1e6)
    gap = np.where(dx > 0, _HALF - hall.eye[0], _HALF + hall.eye[0])
    wall = gap / np.maximum(np.abs(dx), tiny)
    z = np.minimum(np.minimum(floor, wall), roof)
    end = _front(hall, index + 1)
    away = np.where(z == floor, hall.eye[1], np.where(z == wall, gap, _ROOF - hall.eye[1]))
    cover = np.clip(0.5 + (end - z) / (end * end / (away * hall.focal)), 0, 1)
    cover *= z > _front(hall, index) * np.float32(0.97)
    z = np.minimum(z, end)
    x, y = hall.at(z, px, py)
    flat, upper = z == floor, z == roof
    one, none = np.float32(1), np.float32(0)
    normal_x = np.where(flat | upper, none, -np.sign(dx))
    normal_y = np.where(flat, one, np.where(upper, -one, none))
    _put(hall, picture[rows, columns], cover, (x, y, z), (normal_x, normal_y, none), index)


def _wall(hall: _Hall, index: int, picture: Array, rows: slice, columns: slice) -> None:
    """The thickness of the arch, then the face that looks at us."""
    px, py = _pixels(rows, columns)
    under, none = picture[rows, columns], np.float32(0)
    z = _front(hall, index)
    x0, y0 = hall.at(z, px, py)
    x1, y1 = hall.at(z + _THICK, px, py)
    near, far = _arch(x0, y0, hall.arch), _arch(x1, y1, hall.arch)
    foot = z / hall.focal
    share = np.clip(-near / np.maximum(far - near, 1e-4), 0, 1)
    x, y, deep = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share, z + _THICK * share
    above = np.maximum(y - hall.arch[1], 0)
    length = np.maximum(np.sqrt(x * x + above * above), 1e-3)
    cover = np.clip(0.5 + far / foot, 0, 1) * np.clip(0.5 + y1 / foot, 0, 1) * (near < foot)
    _put(hall, under, cover, (x, y, deep), (-x / length, -above / length, none), index)
    cover = np.clip(0.5 + near / foot, 0, 1) * np.clip(0.5 + y0 / foot, 0, 1)
    _put(hall, under, cover, (x0 + 0 * y0, y0 + 0 * x0, 0 * near + np.float32(z)), (none, none, np.float32(-1)), index)


def _put(hall: _Hall, under: Array, cover: Array, point: Point, normal: Normal, index: int) -> None:
    """Shade the covered pixels, and only those, over what is there; a negative pixel is still bare."""
    where = np.flatnonzero(cover)
    x, y, z = (part.ravel()[where] for part in point)
    facing = tuple(part.ravel()[where] if np.ndim(part) else part for part in normal)
    light = _shade(hall, (x, y, z), (facing[0], facing[1], facing[2]), index)
    flat = np.ascontiguousarray(under).reshape(-1, 3)
    old = flat[where]
    part = np.where(old[:, 0] < 0, np.float32(1), cover.ravel()[where].astype(np.float32))[:, None]
    flat[where] = old + (light - old) * part
    under[...] = flat.reshape(under.shape)


def _cover(hall: _Hall) -> Array:
    """What of the frame the first wall and the bay before it hide."""
    px, py = _pixels(slice(0, hall.stage.height), slice(0, hall.stage.width))
    z = _front(hall, 0)
    x, y = hall.at(z, px, py)
    foot = z / hall.focal
    floor = np.clip(0.5 - y / foot, 0, 1) + 0 * x
    back_x, back_y = hall.at(z + _THICK, px, py)
    reveal = np.clip(0.5 + _arch(back_x, back_y, hall.arch) / foot, 0, 1) * np.clip(0.5 + back_y / foot, 0, 1)
    face = np.clip(0.5 + _arch(x, y, hall.arch) / foot, 0, 1)
    return np.asarray(np.maximum(np.maximum(face, reveal), floor), dtype=np.float32)


def _shade(hall: _Hall, point: Point, normal: Normal, index: int) -> Array:
    """Light leaving a plaster surface towards the eye, (..., 3)."""
    x, y, z = point
    palette, sun = hall.stage.palette, hall.sun
    facing = np.clip(normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2], 0, 1)
    direct = facing * _sunlit(hall, point)
    corner = np.ones_like(direct)
    for distance in (y, _HALF - np.abs(x), _ROOF - y):
        corner *= 1 - 0.42 / (1 + np.maximum(distance, 0) * 1.5) ** 2
    toward = 0.5 - 0.5 * x * hall.side / _HALF
    fill = corner * (0.28 + 0.28 * toward + 0.26 / (1 + np.maximum(y, 0) * 0.42) ** 2 - 0.10 * normal[1])
    plaster = linear(mix(palette.earth, palette.haze, 0.5))
    warm = linear(mix(palette.light, np.ones(3, np.float32), 0.35))
    cool = linear(mix(palette.haze, palette.sky[1], 0.4))
    if index < 3:
        grain = _plaster(hall, point, normal)
        fill, direct = fill * (1 + grain), direct * (1 + grain * 1.3)
    light = plaster * (warm * 3.2 * direct[..., None] + (cool * 0.9 + warm * 0.42) * fill[..., None])
    light = _windows(hall, point, normal, light, warm)
    haze = 1 - np.exp(-np.maximum(z - 3, 0) / 34)
    return np.asarray(light + (warm * 0.85 - light) * haze[..., None], dtype=np.float32)


def _windows(hall: _Hall, point: Point, normal: Normal, light: Array, warm: Array) -> Array:
    """The windows themselves on the sunny wall: their deep, sunlit reveal and the sky behind it."""
    here = (normal[0] * hall.side < -0.5) & (np.abs(np.abs(point[0]) - _HALF) < 0.02)
    chosen = np.nonzero(here)[0]
    y, z = point[1][chosen], point[2][chosen]
    middle = (z - hall.first - _THICK) % _STEP - (_STEP - _THICK) / 2
    soft = 0.006 + z * 0.0015
    # The wall is thick: seen from inside, the far jamb hides part of the sky.
    depth = 0.6 * z / max(abs(_HALF - hall.eye[0] * hall.side), 0.3)
    beyond = _arch(middle + np.minimum(depth, 3.0), y, hall.window)
    inside = smooth(-_arch(middle, y, hall.window) / soft, -1, 1)[:, None]
    jamb = warm * np.float32(1.24) * linear(mix(hall.stage.palette.earth, hall.stage.palette.light, 0.5))
    through = smooth(-beyond / soft, -1, 1)[:, None]
    light[chosen] += (jamb + (warm * 1.5 - jamb) * through - light[chosen]) * inside
    return light


def _sunlit(hall: _Hall, point: Point) -> Array:
    """How much of the sun reaches a point through the window of its bay, with a penumbra."""
    x, y, z = point
    lit = np.ones_like(x)
    for wall in (_HALF, _HALF + 0.6):
        reach = np.maximum(wall - x * hall.side, 0) / abs(hall.sun[0])
        high, deep = y + reach * hall.sun[1], z + reach * hall.sun[2]
        middle = (deep - hall.first - _THICK) % _STEP - (_STEP - _THICK) / 2
        blur = 0.012 + reach * 0.022
        lit = lit * smooth(-_arch(middle, high, hall.window) / blur, -1, 1)
    if hall.ball[3] > 0:
        lit = lit * (1 - _ball_shadow(hall, point))
    return np.asarray(lit, dtype=np.float32)


def _ball_shadow(hall: _Hall, point: Point) -> Array:
    bx, by, bz, radius = hall.ball
    dx, dy, dz = bx - point[0], by - point[1], bz - point[2]
    along = dx * hall.sun[0] + dy * hall.sun[1] + dz * hall.sun[2]
    off = np.sqrt(np.maximum(dx * dx + dy * dy + dz * dz - along * along, 0))
    dark = smooth((radius - off) / (0.03 + np.maximum(along, 0) * 0.03), -1, 1)
    return np.asarray(dark * (along > -radius * 0.2), dtype=np.float32)


def _plaster(hall: _Hall, point: Point, normal: Normal) -> Array:
    """Trowel marks and stains, small factors about zero."""
    x, y, z = point
    across = np.where(np.abs(normal[0]) > 0.5, z, x)
    down = np.where(np.abs(normal[1]) > 0.5, z, y)
    return noise.sample(hall.plaster, across * 95 + 70, down * 60 + 31) * np.float32(0.05)


def _ball(hall: _Hall, picture: Array) -> None:
    """A clay ball on the floor, the one strong colour."""
    bx, by, bz, radius = hall.ball
    px, py, under = _ball_box(hall, picture)
    floor_x, floor_z = _floor_hit(hall, px, py)
    contact = np.hypot(floor_x - bx, floor_z - bz) / radius
    under *= 1 - (0.55 * np.exp(-((contact / 0.75) ** 2)) * (py > hall.centre[1]))[..., None]
    x, y = hall.at(bz, px, py)
    u, v = (x - bx) / radius, (y - by) / radius
    away = np.sqrt(u * u + v * v)
    out = np.sqrt(np.clip(1 - away**2, 0, 1))
    facing = np.clip(u * hall.sun[0] + v * hall.sun[1] + out * -hall.sun[2] + out * 0.25, 0, 1)
    palette = hall.stage.palette
    clay = linear(palette.accent)
    fill = 0.26 + 0.22 * v + 0.10 * np.exp(-(v + 1) / 0.4)
    rough = 1 + noise.sample(hall.plaster, u * 120, v * 120) * 0.05
    light = clay * (linear(palette.light) * 1.95 * facing[..., None] + fill[..., None]) * rough[..., None]
    cover = np.clip(0.5 + (1 - away) * radius * hall.focal / bz, 0, 1)[..., None]
    under += (light - under) * cover


def _ball_box(hall: _Hall, picture: Array) -> tuple[Array, Array, Array]:
    """Pixels round the ball and its contact shadow, and a view of the picture there."""
    bx, by, bz, radius = hall.ball
    scale = hall.focal / bz
    x, y = hall.centre[0] + (bx - hall.eye[0]) * scale, hall.centre[1] - (by - hall.eye[1]) * scale
    reach = radius * scale * 2.4
    rows = slice(max(0, int(y - reach)), min(hall.stage.height, int(y + reach)))
    columns = slice(max(0, int(x - reach)), min(hall.stage.width, int(x + reach)))
    px, py = _pixels(rows, columns)
    return px, py, picture[rows, columns]


def _floor_hit(hall: _Hall, px: Array, py: Array) -> tuple[Array, Array]:
    z = hall.eye[1] * hall.focal / np.maximum(py - hall.centre[1], 1e-3)
    return hall.eye[0] + (px - hall.centre[0]) / hall.focal * z, z + 0 * px
