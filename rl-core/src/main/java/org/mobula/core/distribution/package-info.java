/**
 * Action distributions: sample, log-probability, entropy, divergence and their gradients; pure
 * functions on arrays.
 */
@NullMarked
package org.mobula.core.distribution;

import org.jspecify.annotations.NullMarked;
