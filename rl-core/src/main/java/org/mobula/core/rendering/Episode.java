package org.mobula.core.rendering;

import java.io.IOException;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;

/**
 * An episode that was shown.
 *
 * @param episodeReturn undiscounted
 * @param length in steps
 * @param over whether it came to its end; else the watcher left
 */
public record Episode(double episodeReturn, int length, boolean over) {
  /** Who is shown an episode, state by state. */
  @FunctionalInterface
  public interface Watcher {
    /**
     * Sees the environment's present state.
     *
     * @param soFar what has been played; of length 0 for the first state
     * @return whether to play on
     */
    boolean see(Environment environment, Episode soFar) throws IOException;
  }

  /**
   * Plays until the episode is over or the watcher has seen enough.
   *
   * @param seed of the reset
   */
  public static Episode play(Environment environment, Player player, long seed, Watcher watcher)
      throws IOException {
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(seed), step.observation);
    Episode episode = new Episode(0, 0, false);
    while (watcher.see(environment, episode) && !episode.over) {
      float[] action = player.act(environment, step.observation);
      step.clear();
      environment.step(action, step);
      episode = new Episode(episode.episodeReturn + step.reward, episode.length + 1, step.done());
    }
    return episode;
  }
}
