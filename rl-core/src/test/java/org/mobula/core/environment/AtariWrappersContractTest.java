package org.mobula.core.environment;

/** All that prepares an Atari game's pictures, around a game. */
class AtariWrappersContractTest extends EnvironmentContract {
  @Override
  protected EnvironmentFactory factory() {
    return () ->
        new FrameStack(
            new ClipReward(
                new FireReset(
                    new EpisodicLife(
                        new Resize(
                            new MaxAndSkip(
                                new Grayscale(new NoopReset(new FlickeringGame(), 5)), 4),
                            8,
                            7),
                        false))),
            4);
  }
}
