package org.mobula.core.parameters;

import java.io.Serializable;

/**
 * Where the parameters live, if not in the trainer's own memory. Open: its records belong to the
 * modules that plug into {@link ParameterStore}, and whoever composes the program names them.
 */
public interface ParametersConfig extends Serializable {}
