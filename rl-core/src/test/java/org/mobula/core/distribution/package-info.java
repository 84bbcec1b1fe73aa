@NullMarked
package org.mobula.core.distribution;

import org.jspecify.annotations.NullMarked;
