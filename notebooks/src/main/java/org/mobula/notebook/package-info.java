/** Mobula in a Jupyter notebook: what cells show, and what they show while they run. */
@NullMarked
package org.mobula.notebook;

import org.jspecify.annotations.NullMarked;
