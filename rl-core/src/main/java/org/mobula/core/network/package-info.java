/** Differentiable functions of a flat parameter vector. */
@NullMarked
package org.mobula.core.network;

import org.jspecify.annotations.NullMarked;
