"""How the MuJoCo tasks look: daylight, a calm floor that shows motion, and a sky.

Colours, light and the floor's pattern differ from Gymnasium's models, so that a small clip reads
at a glance: a tile is one metre, and a floor without a pattern, which shows no motion, is hidden.
"""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo's compiled modules come without type stubs.)

import mujoco

FLOOR_PERIOD = 2.0  # metres after which the floor's pattern repeats: two tiles

_SKY_TOP, _SKY_FOOT = (0.46, 0.60, 0.76), (0.93, 0.95, 0.97)
_TILE_DARK, _TILE_LIGHT = (0.55, 0.62, 0.66), (0.83, 0.86, 0.88)
_LAMP = (0.35, 0.35, 0.35)
_AMBIENT, _HEADLIGHT = (0.40, 0.40, 0.40), (0.35, 0.35, 0.35)


def decorate(spec: mujoco.MjSpec) -> None:
    """Changes the light and the colours of the ground and the sky in `spec`."""
    spec.visual.headlight.ambient = _AMBIENT
    spec.visual.headlight.diffuse = _HEADLIGHT
    for light in spec.lights:
        light.diffuse = _LAMP
    skies = [one for one in spec.textures if one.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX]
    sky = skies[0] if skies else spec.add_texture(name="sky", width=64, height=384)
    sky.type = mujoco.mjtTexture.mjTEXTURE_SKYBOX
    sky.builtin = mujoco.mjtBuiltin.mjBUILTIN_GRADIENT
    sky.rgb1, sky.rgb2 = _SKY_TOP, _SKY_FOOT
    for texture in spec.textures:
        if texture.builtin == mujoco.mjtBuiltin.mjBUILTIN_CHECKER:
            texture.rgb1, texture.rgb2 = _TILE_DARK, _TILE_LIGHT
            texture.width = texture.height = 128
    for material in spec.materials:
        if material.name == "MatPlane":
            material.texuniform = True  # MuJoCo then repeats a texture every 2 / texrepeat metres
            material.texrepeat = 2 / FLOOR_PERIOD, 2 / FLOOR_PERIOD
    for floor in spec.geoms:
        if floor.name == "floor":
            # The third is the mesh: drawing the 0.125 m of some models costs as much as all else.
            floor.size[:] = 40.0
            floor.rgba = (1.0, 1.0, 1.0, 1.0) if floor.material else (0.0, 0.0, 0.0, 0.0)
