package org.mobula.core.environment.box2d;

import io.soabase.recordbuilder.core.RecordBuilder;

/**
 * What is to choose about a landing.
 *
 * @param continuous whether the engines take a throttle instead of being off or on
 * @param gravity upwards, in m/s²; between -12 and 0
 * @param enableWind whether a wind blows that changes from step to step
 * @param windPower the greatest push of the wind, in N; typically 0 to 20
 * @param turbulencePower the greatest torque of the wind, in N·m; typically 0 to 2
 */
@RecordBuilder
public record LunarLanderRules(
    boolean continuous,
    double gravity,
    boolean enableWind,
    double windPower,
    double turbulencePower)
    implements LunarLanderRulesBuilder.With {
  /** Checks the numbers. */
  public LunarLanderRules {
    if (!(gravity > -12 && gravity < 0)) {
      throw new IllegalArgumentException(
          "gravity is " + gravity + " but must be between -12 and 0: it points downwards");
    }
    Box2dEnvironment.requireFinite("the wind's power", windPower);
    Box2dEnvironment.requireFinite("the turbulence's power", turbulencePower);
  }

  /** Engines off or on, a gravity of -10 m/s², no wind. */
  public static LunarLanderRules defaults() {
    return new LunarLanderRules(false, -10, false, 15, 1.5);
  }
}
