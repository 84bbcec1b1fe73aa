/** From an observation to an action, with the normaliser inside. */
@NullMarked
package org.mobula.core.policy;

import org.jspecify.annotations.NullMarked;
