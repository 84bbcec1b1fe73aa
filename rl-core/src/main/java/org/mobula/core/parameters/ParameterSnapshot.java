package org.mobula.core.parameters;

import java.io.Serializable;

/**
 * The parameters as they were at one version.
 *
 * @param version counts the optimizer steps taken
 * @param values the flat vector; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // Shipped as it is; never compared.
public record ParameterSnapshot(long version, float[] values) implements Serializable {}
