// Weights [out][in / groups][taps], or of a transposed convolution [in][out / groups][taps], to
// the form above. A work-item writes one element; the elements after the last panel are zero.
kernel void pack_conv(TENSOR(from), TENSOR(to), const int taps, const int depth,
                      const int2 channels, const int2 group_channels,
                      const int in_blocks, const int panel_channels, const int block,
                      const int transposed, const int zeros_at) {
  const int i = get_global_id(0);
  if (i >= zeros_at + block) return;
  const int lane = i % panel_channels, row = i / panel_channels;
  const int panel = row / depth / taps, tap = row / depth % taps;
  const int first_block = min(panel * panel_channels / group_channels.y * group_channels.x / block,
                              in_blocks - (depth + block - 1) / block);
  const int out = panel * panel_channels + lane, in = first_block * block + row % depth;
  const int group = out / group_channels.y, in_group = in - group * group_channels.x;
  global const REAL_type* const from = ELEMENTS(REAL_type, from);
  float v = 0;
  if (i < zeros_at && out < channels.y && in_group >= 0 && in_group < group_channels.x) {
    v = REAL_load(transposed ? ((size_t)in * group_channels.y + out % group_channels.y) * taps + tap
                             : ((size_t)out * group_channels.x + in_group) * taps + tap,
                  from);
  }
  REAL_store(v, i, ELEMENTS(REAL_type, to));
}
