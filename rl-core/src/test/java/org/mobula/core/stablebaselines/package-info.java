@NullMarked
package org.mobula.core.stablebaselines;

import org.jspecify.annotations.NullMarked;
