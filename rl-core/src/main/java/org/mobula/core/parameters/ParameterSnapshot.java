package org.mobula.core.parameters;

import java.io.Serializable;

/**
 * The parameters as they were at one version.
 *
 * <p>The vector belongs to whoever made the snapshot. One that is handed to a method, such as that
 * of a policy by which experience is collected, may be filled with the next version as soon as the
 * method has returned: who needs it for longer takes a {@link #copy}. One that a method returns is
 * the caller's.
 *
 * @param version counts the optimizer steps taken
 * @param values the flat vector; changed by nobody but its maker
 */
@SuppressWarnings("ArrayRecordComponent") // Shipped as it is; never compared.
public record ParameterSnapshot(long version, float[] values) implements Serializable {
  /** The same parameters in a vector of their own. */
  public ParameterSnapshot copy() {
    return new ParameterSnapshot(version, values.clone());
  }
}
