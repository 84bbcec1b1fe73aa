/** What a study found, for people: importances, charts, a page and a table. */
@NullMarked
package org.mobula.tune.report;

import org.jspecify.annotations.NullMarked;
