package org.mobula.tune.space;

import java.io.Serializable;
import java.util.Map;

/** A rule that the parameters of a trial must keep, known before it runs. */
public interface Constraint extends Serializable {
  /**
   * Whether the rule is kept.
   *
   * @param values by name, as objectives see them; without those whose condition is not met
   */
  boolean holds(Map<String, Object> values);
}
