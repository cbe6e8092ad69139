// Tasks, each a value by its key.

export interface Task {
  id: string;
  title: string;
  done: boolean;
}

const key = (id: string) => `task:${id}`;

/** The first 100 tasks. */
export async function list(env: Env): Promise<Task[]> {
  const { items } = await env.kv.list<Task>({ prefix: key(""), values: true });
  return items.map((item) => item.value as Task);
}

export async function add(env: Env, title: string): Promise<Task> {
  const task = { id: crypto.randomUUID(), title, done: false };
  await env.kv.set(key(task.id), task);
  return task;
}

/** The changed task; null if there is none with this id. */
export async function change(env: Env, id: string, done: boolean): Promise<Task | null> {
  const task = await env.kv.get<Task>(key(id));
  if (task === null) return null;
  const changed = { ...task, done };
  await env.kv.set(key(id), changed);
  return changed;
}

/** Whether there was a task with this id. */
export const remove = (env: Env, id: string): Promise<boolean> => env.kv.delete(key(id));
