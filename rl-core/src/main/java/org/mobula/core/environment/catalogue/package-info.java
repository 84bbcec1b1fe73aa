/** Environments by name. */
@NullMarked
package org.mobula.core.environment.catalogue;

import org.jspecify.annotations.NullMarked;
