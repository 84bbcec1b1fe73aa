/** Multilayer perceptrons, and passes over long vectors, on the JVM's Vector API. */
@NullMarked
package org.mobula.core.network.simd;

import org.jspecify.annotations.NullMarked;
