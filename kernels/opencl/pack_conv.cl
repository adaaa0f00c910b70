// Weights [out][in / groups][taps], or of a transposed convolution [in][out / groups][taps], to
// [panels][taps][depth][panel_channels] and `block` zeros. A work-item writes one row of a panel's
// channels, the one after the last the zeros.
kernel void pack_conv(TENSOR(from), TENSOR(to), const int taps, const int depth,
                      const int2 channels, const int2 group_channels,
                      const int in_blocks, const int panel_channels, const int block,
                      const int transposed, const int rows) {
  const int row = get_global_id(0);
  if (row > rows) return;
  global REAL_type* const to = ELEMENTS(REAL_type, to) + (size_t)row * panel_channels;
  if (row == rows) {
    for (int i = 0; i < block; ++i) REAL_store(0.0f, i, to);
    return;
  }
  const int panel = row / depth / taps, tap = row / depth % taps;
  const int first_block = min(panel * panel_channels / group_channels.y * group_channels.x / block,
                              in_blocks - (depth + block - 1) / block);
  const int in = first_block * block + row % depth, first = panel * panel_channels;
  global const REAL_type* const from = ELEMENTS(REAL_type, from) + tap;
  int group = first / group_channels.y, member = first % group_channels.y;
  for (int lane = 0; lane < panel_channels; ++lane) {
    const int out = first + lane, in_group = in - group * group_channels.x;
    float v = 0;
    if (out < channels.y && in_group >= 0 && in_group < group_channels.x) {
      v = REAL_load(transposed ? ((size_t)in * group_channels.y + member) * taps
                               : ((size_t)out * group_channels.x + in_group) * taps,
                    from);
    }
    REAL_store(v, lane, to);
    if (++member == group_channels.y) {
      member = 0;
      ++group;
    }
  }
}
