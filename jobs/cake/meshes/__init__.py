"""The shapes of a cake as points and triangles. Lengths are centimetres, z is up, the viewer at negative y."""
