package org.mobula.core.network;

import java.io.Serializable;
import org.mobula.core.random.Pcg64;

/**
 * What a network looks like, apart from the engine that computes it. Serializable, because workers
 * make their own networks.
 */
public interface NetworkSpec extends Serializable {
  /** Numbers in an input row. */
  int inputs();

  /** Numbers in an output row. */
  int outputs();

  /** How the parameters lie in the flat vector; the same on every engine. */
  ParameterLayout layout();

  /** Fresh parameters; the same on every engine. */
  float[] initialParameters(Pcg64 random);
}
