/**
 * Rigid bodies in two dimensions: Gymnasium's lander and walker, on jbox2d. No type of jbox2d is
 * part of a public signature.
 */
@NullMarked
package org.mobula.core.environment.box2d;

import org.jspecify.annotations.NullMarked;
