package org.mobula.core.environment;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;

/**
 * How an episode starts.
 *
 * @param seed starts the environment's random numbers anew; null lets them go on
 * @param options named settings of this one episode, as the environment documents them
 */
public record Reset(@Nullable Long seed, Map<String, Object> options) {
  private static final Reset UNSEEDED = new Reset(null, Map.of());

  /** Copies the options. */
  public Reset {
    options = Map.copyOf(options);
  }

  /** The next episode, with the random numbers going on. */
  public static Reset unseeded() {
    return UNSEEDED;
  }

  /** An episode that is the same each time. */
  public static Reset seeded(long seed) {
    return new Reset(seed, Map.of());
  }

  /** A generator for {@code seed} where there is one, else the given one, which goes on. */
  public Pcg64 random(Pcg64 current) {
    return seed == null ? current : new Pcg64(seed);
  }
}
