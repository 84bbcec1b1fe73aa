package org.mobula.notebook;

import org.dflib.jjava.jupyter.kernel.BaseNotebookStatics;

/** The notebook, below the cell that runs. */
final class KernelScreen implements Live.Screen {
  @Override
  public String display(Object value) {
    return BaseNotebookStatics.display(value);
  }

  @Override
  public void update(String id, Object value) {
    BaseNotebookStatics.updateDisplay(id, value);
  }
}
